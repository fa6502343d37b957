"""The style sheet of the pictures. Every rule is limited to the class `spacy-trend`."""

from .picture import SHADES

#: The colours of shade 0 and of the last. Text has a contrast of at least 4.5 on them and on all between.
_LIGHT_SHADES = ((0xF1, 0xF5, 0xFA), (0x6E, 0xA8, 0xDC))
_DARK_SHADES = ((0x1E, 0x25, 0x2C), (0x2A, 0x66, 0x9F))
_LIGHT = "--paper:#fff;--ink:#1c2024;--soft:#59636e;--line:#d5dbe1;--focus:#a84300;--related:#6a3fb5"
_DARK = "--paper:#14171a;--ink:#eceff2;--soft:#a3adb8;--line:#39424b;--focus:#f2a45c;--related:#c3acf5"
_RULES = """
.spacy-trend{color-scheme:light dark;background:var(--paper);color:var(--ink);
font:15px/1.5 system-ui,"Noto Sans",sans-serif;padding:.75em 1em;text-align:start}
.spacy-trend.trend-page{margin:0;padding:1.5em clamp(1em,4vw,3em)}
.spacy-trend h1{font-size:1.35em;font-weight:600;margin:0}
.spacy-trend h2{font-size:1em;font-weight:600;margin:2em 0 0;color:var(--soft);overflow-wrap:anywhere}
.spacy-trend figure{margin:.75em 0 1.5em}
.spacy-trend figcaption{display:flex;flex-wrap:wrap;gap:0 2.5em;margin:0 0 .5em;overflow-wrap:anywhere;
color:inherit;font-size:1em}
.spacy-trend b.trend-focus,.spacy-trend b.trend-related{font-weight:600}
.spacy-trend .trend-focus{color:var(--focus)}
.spacy-trend .trend-related{color:var(--related)}
.spacy-trend small{font-size:.75em;font-weight:600;line-height:1.2}
.spacy-trend .trend-scroll{overflow:auto;max-height:90vh;border-block:1px solid var(--line)}
.spacy-trend .trend-scroll:focus-visible{outline:2px solid var(--related);outline-offset:2px}
.spacy-trend .trend-note{margin:.4em 0 0;color:var(--soft);font-size:.85em;max-width:90ch}
.spacy-trend .trend-note code{overflow-wrap:anywhere;background:none;color:inherit;font-size:1em;padding:0}
.spacy-trend .trend-scale{white-space:nowrap}
.spacy-trend .trend-scale i{display:inline-block;width:1.4em;height:.8em}
.spacy-trend .trend-unseen{position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%)}
.spacy-trend table{border-collapse:separate;border-spacing:1px;margin:0;border:0;font-size:.9em;
font-variant-numeric:tabular-nums}
.spacy-trend caption{text-align:start;color:var(--soft);padding:.5em 0}
.spacy-trend th,.spacy-trend td{padding:.3em .85em;border:0;text-align:center;white-space:nowrap}
.spacy-trend thead th,.spacy-trend tbody th{background:var(--paper);font-weight:400;color:var(--ink)}
.spacy-trend thead th{vertical-align:bottom}
.spacy-trend thead small{display:block}
.spacy-trend tbody th{position:sticky;inset-inline-start:0;z-index:1;text-align:start;color:var(--soft)}
.spacy-trend td.trend-leads{position:relative;font-weight:600;box-shadow:inset 0 0 0 1.5px var(--ink)}
.spacy-trend td.trend-leads b{position:absolute;inset-inline-end:.2em}
.spacy-trend .trend-decides>*{border-block-start:2px solid var(--focus)}
.spacy-trend .trend-decides th{color:var(--ink);font-weight:600}
.spacy-trend .trend-line,.spacy-trend .trend-flow{font-size:1.15em;line-height:2;padding:.25em .25em .5em}
.spacy-trend .trend-flow{white-space:pre-wrap;overflow-wrap:anywhere}
.spacy-trend .trend-line{display:grid;grid-template-columns:repeat(7,max-content);width:max-content;
white-space:pre;align-items:baseline}
.spacy-trend .trend-line>*{grid-row:2}
.spacy-trend .trend-line>.trend-arc{grid-row:1;grid-column:3/6;position:relative;height:2.2em}
.spacy-trend .trend-arc svg{position:absolute;inset:0;width:100%;height:100%;overflow:visible}
.spacy-trend .trend-arc path{fill:none;stroke:var(--soft);stroke-width:1.5px;vector-effect:non-scaling-stroke}
.spacy-trend .trend-end{display:inline-flex;flex-direction:column;align-items:center}
.spacy-trend .trend-line>.trend-end{grid-column:2/4;justify-self:center}
.spacy-trend .trend-line>.trend-end~.trend-end{grid-column:5/7}
.spacy-trend .trend-end>span{line-height:1.5;border-block-end:3px solid var(--focus)}
.spacy-trend .trend-related>span{border-block-end:3px dashed var(--related)}
.spacy-trend .trend-break::before{content:"\\21b5";color:var(--soft)}
.spacy-trend .trend-line .trend-break{white-space:nowrap}
.spacy-trend [class^=trend-]{print-color-adjust:exact}
"""


def _shades(ends: tuple[tuple[int, ...], tuple[int, ...]]) -> list[str]:
    """Return the CSS colours from one end to the other."""
    first, last = ends
    parts = [shade / (SHADES - 1) for shade in range(SHADES)]
    return [
        "#" + "".join(f"{round(a + part * (b - a)):02x}" for a, b in zip(first, last, strict=True))
        for part in parts
    ]


def _rules() -> str:
    light, dark = _shades(_LIGHT_SHADES), _shades(_DARK_SHADES)
    variables = [
        f"{base};" + ";".join(f"--shade-{shade}:{colour}" for shade, colour in enumerate(colours))
        for base, colours in ((_LIGHT, light), (_DARK, dark))
    ]
    shade_rules = "".join(
        f".spacy-trend .trend-{shade}{{background:var(--shade-{shade});color:var(--ink)}}"
        for shade in range(SHADES)
    )
    return (
        f".spacy-trend{{{variables[0]}}}"
        f"@media (prefers-color-scheme:dark){{.spacy-trend{{{variables[1]}}}}}"
        + _RULES.replace("\n", "")
        + shade_rules
    )


STYLE_SHEET = _rules()

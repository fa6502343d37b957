"""The style sheet of the pictures. Every rule is limited to the class `spacy-trend`."""

from collections.abc import Mapping

from .picture import SHADES

Colour = tuple[float, ...]


def _read(colour: str) -> Colour:
    """Return red, green and blue, 0 to 255, of a colour such as "#6ea8dc"."""
    return tuple(int(colour[start : start + 2], 16) for start in (1, 3, 5))


#: For light and dark: paper and ink.
SCHEMES = {
    "light": ("#ffffff", "#1c2024"),
    "dark": ("#14171a", "#eceff2"),
}
#: Of each kind of shade its name in classes and variables, and its ends: blue and orange are told apart by
#: people who see no red or no green, too. Ink has a contrast of at least 4.5 on all shades.
_NAMES = {"shade": "", "positive": "p", "negative": "n"}
ENDS = {
    "light": {
        "shade": ("#f1f5fa", "#6ea8dc"),
        "positive": ("#ffffff", "#6ea8dc"),
        "negative": ("#ffffff", "#f0a24e"),
    },
    "dark": {
        "shade": ("#1e252c", "#2a669f"),
        "positive": ("#14171a", "#2a669f"),
        "negative": ("#14171a", "#96560c"),
    },
}
_LIGHT = (
    "--paper:#fff;--ink:#1c2024;--soft:#59636e;--line:#d5dbe1;--focus:#a84300;--related:#6a3fb5;--for:#1f64a5;"
    "--against:#b35c00"
)
_DARK = (
    "--paper:#14171a;--ink:#eceff2;--soft:#a3adb8;--line:#39424b;--focus:#f2a45c;--related:#c3acf5;--for:#6eb1ee;"
    "--against:#f2a45c"
)
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
.spacy-trend .trend-scroll:focus-visible,.spacy-trend nav:focus-visible,
.spacy-trend a:focus-visible{outline:2px solid var(--related);outline-offset:2px}
.spacy-trend nav{max-height:40vh;overflow:auto;margin:1em 0;border-block:1px solid var(--line);padding:.5em 0}
.spacy-trend nav ol{margin:0;padding:0 0 0 3em;columns:20em;column-gap:3.5em;color:var(--soft)}
.spacy-trend nav li{break-inside:avoid}
.spacy-trend nav a{display:block;overflow:hidden;text-overflow:ellipsis;white-space:nowrap;color:var(--ink)}
.spacy-trend h2 small{color:var(--soft);font-weight:400}
.spacy-trend .trend-legend{margin:1em 0 0;color:var(--soft);font-size:.85em;max-width:90ch}
.spacy-trend .trend-legend p{margin:.4em 0 0}
.spacy-trend .trend-legend code{overflow-wrap:anywhere;background:none;color:inherit;font-size:1em;padding:0}
.spacy-trend .trend-scale{white-space:nowrap}
.spacy-trend .trend-scale i{display:inline-block;width:1.4em;height:.8em}
.spacy-trend .trend-unseen{position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%)}
.spacy-trend table{border-collapse:separate;border-spacing:1px;margin:0;border:0;font-size:.9em;
font-variant-numeric:tabular-nums}
.spacy-trend caption{text-align:start;color:var(--soft);padding:.5em 0}
.spacy-trend th,.spacy-trend td{padding:.3em .9em;border:0;text-align:center;
white-space:nowrap}
.spacy-trend thead th,.spacy-trend thead td,
.spacy-trend tbody th{background:var(--paper);font-weight:400;color:var(--ink)}
.spacy-trend thead th,.spacy-trend thead td{position:sticky;inset-block-start:0;z-index:1;
vertical-align:bottom}
.spacy-trend thead small{display:block}
.spacy-trend tbody th,.spacy-trend thead td{position:sticky;inset-inline-start:0;z-index:1;text-align:start;
color:var(--soft)}
.spacy-trend tbody th{white-space:normal;min-width:5.5em;max-width:9em}
.spacy-trend thead td{z-index:2}
.spacy-trend td.trend-leads,.spacy-trend td.trend-ties{position:relative;font-weight:600;
box-shadow:inset 0 0 0 1.5px var(--ink)}
.spacy-trend td.trend-ties{font-weight:400;box-shadow:inset 0 0 0 1px var(--soft)}
.spacy-trend td.trend-leads b,.spacy-trend td.trend-ties b{position:absolute;inset-inline-end:.1em}
.spacy-trend .trend-decides>*{border-block-start:2px solid var(--focus)}
.spacy-trend .trend-decides th{color:var(--ink);font-weight:600}
.spacy-trend .trend-flow{font-size:1.1em;line-height:1.9;max-width:72ch;margin:.25em 0;white-space:pre-wrap;
overflow-wrap:anywhere}
.spacy-trend .trend-flow>span{padding:.15em .1em;border-radius:.2em;border-block-end:0 solid transparent;
box-decoration-break:clone;-webkit-box-decoration-break:clone}
.spacy-trend .trend-flow small{font-size:.7em;user-select:none;direction:ltr;unicode-bidi:isolate}
.spacy-trend .trend-flow>.trend-end{border-block-end:3px solid var(--focus)}
.spacy-trend .trend-flow>.trend-related{border-block-end:3px dashed var(--related)}
.spacy-trend .trend-sum{margin:.5em 0}
.spacy-trend .trend-parts{margin:.5em 0 0}
.spacy-trend .trend-parts th{max-width:none;overflow-wrap:anywhere;text-align:start;position:static}
.spacy-trend .trend-parts td{text-align:end}
.spacy-trend .trend-parts tr:last-child>*{border-block-start:1px solid var(--line);font-weight:600}
.spacy-trend .trend-sides{display:grid;gap:.5em 2em;
grid-template-columns:repeat(auto-fit,minmax(min(100%,20em),1fr))}
.spacy-trend .trend-sides>div{border-block-start:1px solid var(--line)}
.spacy-trend [class^=trend-]{print-color-adjust:exact}
"""


def _luminance(colour: Colour) -> float:
    """Return the relative luminance of a colour (WCAG 2.2)."""
    shares = [part / 255 for part in colour]
    red, green, blue = (
        share / 12.92 if share <= 0.04045 else ((share + 0.055) / 1.055) ** 2.4 for share in shares
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    """Return the contrast of two colours, 1 to 21 (WCAG 2.2, 1.4.3).

    Args:
        one: such as "#6ea8dc".
        other: likewise.
    """
    darker, lighter = sorted((_luminance(_read(one)), _luminance(_read(other))))
    return (lighter + 0.05) / (darker + 0.05)


def _mixed(one: str, other: str, share: float) -> str:
    pairs = zip(_read(one), _read(other), strict=True)
    return "#" + "".join(f"{round(a + share * (b - a)):02x}" for a, b in pairs)


def colours_between(first: str, last: str) -> list[str]:
    """Return the colours of the shades from one end to the other.

    Args:
        first: such as "#f1f5fa".
        last: likewise.
    """
    return [_mixed(first, last, shade / (SHADES - 1)) for shade in range(SHADES)]


def _variables(ends: Mapping[str, tuple[str, str]]) -> str:
    return ";".join(
        f"--{_NAMES[kind]}{shade}:{colour}"
        for kind, (first, last) in ends.items()
        for shade, colour in enumerate(colours_between(first, last))
    )


def _in_schemes(selector: str, light: str, dark: str) -> str:
    return f"{selector}{{{light}}}@media (prefers-color-scheme:dark){{{selector}{{{dark}}}}}"


def _rules() -> str:
    shades = "".join(
        f".spacy-trend .trend-{name}{shade}{{background:var(--{name}{shade});color:var(--ink)}}"
        for name in _NAMES.values()
        for shade in range(SHADES)
    )
    lines = "".join(
        f".spacy-trend .trend-flow>.trend-{name}{shade}{{border-block-end:2px {line}}}"
        for name, line in (("p", "solid var(--for)"), ("n", "dotted var(--against)"))
        for shade in range(1, SHADES)
    )
    light, dark = (
        f"{base};{_variables(ENDS[scheme])}" for base, scheme in ((_LIGHT, "light"), (_DARK, "dark"))
    )
    return _in_schemes(".spacy-trend", light, dark) + _RULES.replace("\n", "") + shades + lines


STYLE_SHEET = _rules()


def colour_class(colors: Mapping[str, str]) -> str:
    """Return the class that keeps a user's colours from other pictures in a page; empty without colours.

    Args:
        colors: of the options.
    """
    return (
        "-".join(["trend", *(f"{_NAMES[kind]}{colors[kind][1:]}" for kind in sorted(colors))])
        if colors
        else ""
    )


def colour_rules(colors: Mapping[str, str]) -> str:
    """Return rules for a user's colours, each as strong as lets text be read on it.

    Args:
        colors: of the options.
    """
    if not colors:
        return ""
    light, dark = (_own_variables(colors, *SCHEMES[scheme]) for scheme in ("light", "dark"))
    return _in_schemes(f".spacy-trend.{colour_class(colors)}", light, dark)


def _own_variables(colors: Mapping[str, str], paper: str, ink: str) -> str:
    ends = {
        kind: (_mixed(paper, colour, 0.08), readable(paper, colour, ink)) for kind, colour in colors.items()
    }
    lines = {"positive": "--for", "negative": "--against"}
    shown = [f"{lines[kind]}:{_mixed(colour, ink, 0.3)}" for kind, colour in colors.items() if kind in lines]
    return ";".join([_variables(ends), *shown])


def readable(paper: str, colour: str, ink: str) -> str:
    """Return the strongest mixture of a colour with the paper on which ink has a contrast of 4.5.

    Args:
        paper: such as "#ffffff".
        colour: likewise.
        ink: likewise.
    """
    mixtures = (_mixed(paper, colour, share / 50) for share in range(50, 0, -1))
    return next(mixture for mixture in mixtures if contrast(mixture, ink) >= 4.5)

"""The style sheet of reports, beside that of the pictures. Every rule is limited to `trend-report`."""

STYLE_SHEET = """
.trend-report main{max-width:75em}
.trend-report h2{font-size:1.2em;color:var(--ink);margin:2.5em 0 .5em}
.trend-report h3{font-size:1em;font-weight:600;margin:1.75em 0 .25em;overflow-wrap:anywhere}
.trend-report h3 small{color:var(--soft);font-weight:400}
.trend-report p{max-width:72ch;margin:.5em 0;overflow-wrap:anywhere}
.trend-report a{color:var(--for)}
.trend-report nav{border:0;padding:0;max-height:none;overflow:visible}
.trend-report nav ol{columns:auto;padding:0 0 0 1.5em;color:var(--soft)}
.trend-report nav a{display:inline;white-space:normal}
.trend-report figure{margin:.25em 0 1em}
.trend-report thead th,.trend-report thead td{position:static}
.trend-report thead th:first-child{text-align:start}
.trend-report td.report-zero{color:var(--soft)}
.trend-report .report-matrix th{white-space:normal;max-width:9em;overflow-wrap:break-word}
.trend-report .report-matrix thead th{min-width:3em}
.trend-report .report-confusions th,.trend-report .report-confusions td{text-align:start;white-space:normal;
max-width:24em;min-width:3em;overflow-wrap:anywhere}
.trend-report td.report-right{font-weight:600}
.trend-report .trend-scroll{border:0}
.trend-report .trend-scroll.report-long{max-height:20em;border-inline-start:3px solid var(--line);
padding-inline-start:.75em}
.trend-report .trend-scroll.report-long .trend-flow{margin-block:.5em}
.trend-report .report-words{width:100%;max-width:65em}
.trend-report .report-words th,.trend-report .report-words td{vertical-align:top;padding:.3em .5em}
.trend-report .report-words tbody th{color:var(--ink);font-weight:600;max-width:14em;min-width:10em;
position:static;overflow-wrap:anywhere}
.trend-report .report-words td:last-child,.trend-report .report-words th:last-child{width:100%;
text-align:start;white-space:normal;overflow-wrap:anywhere}
.trend-report .report-words tr>*{border-block-end:1px solid var(--line)}
.trend-report ul.report-examples{margin:0;padding:0;list-style:none}
.trend-report .report-examples small,.trend-report .report-pairs small{color:var(--soft);font-weight:400}
.trend-report .report-examples li+li{margin-top:.3em}
.trend-report .report-pairs{padding:0 0 0 2em}
.trend-report .report-pairs li{margin:1em 0}
.trend-report .report-pairs p{margin:.2em 0}
.trend-report .report-label{border:1px solid var(--soft);border-radius:.25em;padding:0 .35em;font-weight:600;
font-size:.9em}
@media (max-width:36em){.trend-report .report-words th,.trend-report .report-words td{padding:.3em}
.trend-report .report-words tbody th{min-width:6.5em}}
""".replace("\n", "")

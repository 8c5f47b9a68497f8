// The look of the report: light and dark, a phone, a desk and paper. Colours are named once and differ in nothing else; on
// either ground text has a contrast of at least 4.5 to 1, which a test computes.

/** For light and for dark. */
export const colours = {
  ground: ['#f6f7f9', '#14171c'],
  card: ['#ffffff', '#1d2229'],
  text: ['#1a1e24', '#e6e9ee'],
  quiet: ['#56606d', '#a2adba'],
  edge: ['#d5dae1', '#363d47'],
  series: ['#1f5fa8', '#7db4f5'],
  ok: ['#1c6b3a', '#6fd08f'],
  warning: ['#8a5300', '#f0b350'],
  critical: ['#b3201c', '#ff8d84'],
  unknown: ['#5b4a93', '#b9a9f2'],
} as const;

type Shade = 0 | 1;

function variables(shade: Shade): string {
  return Object.entries(colours)
    .map(([name, pair]) => `--${name}:${pair[shade]}`)
    .join(';');
}

export const reportStyle = `:root{color-scheme:light dark;${variables(0)}}
@media (prefers-color-scheme:dark){:root{${variables(1)}}}
*{box-sizing:border-box}
body{margin:0 auto;max-width:76rem;padding:1rem;background:var(--ground);color:var(--text);font:1rem/1.5 system-ui,sans-serif;overflow-wrap:anywhere}
h1,h2,h3,h4,p,dl,ul,figure{margin:0}
h1{font-size:1.75rem;line-height:1.2}
h2{font-size:1.25rem;margin:2.25rem 0 .75rem}
h3{font-size:1.05rem;margin:0 0 .5rem}
h4{font-size:.95rem}
header{padding:1rem 1.25rem;background:var(--card);border-left:.5rem solid var(--unknown);border-radius:.4rem}
header p{color:var(--quiet);margin-top:.35rem}
header.ok{border-color:var(--ok)}header.ok h1{color:var(--ok)}
header.warning{border-color:var(--warning)}header.warning h1{color:var(--warning)}
header.critical{border-color:var(--critical)}header.critical h1{color:var(--critical)}
header.unknown h1{color:var(--unknown)}
footer{margin-top:2.5rem;color:var(--quiet);font-size:.85rem}
.quiet{color:var(--quiet);font-size:.85rem}
.strong{font-weight:600;font-size:1.05rem}
.badge{display:inline-block;font-size:.75rem;font-weight:700;letter-spacing:.03em;padding:0 .45em;border:1.5px solid currentColor;border-radius:.3em;white-space:nowrap}
.badge.ok{color:var(--ok)}.badge.warning{color:var(--warning)}.badge.critical{color:var(--critical)}.badge.unknown{color:var(--unknown)}
.badge.stale{color:var(--quiet);border-style:dashed}
.whole{white-space:nowrap}
.problems{list-style:none;padding:0;display:grid;gap:.6rem}
.problems li{background:var(--card);border:1px solid var(--edge);border-left:.4rem solid var(--unknown);border-radius:.4rem;padding:.6rem .9rem}
.problems li.warning{border-left-color:var(--warning)}.problems li.critical{border-left-color:var(--critical)}
.cards{display:grid;grid-template-columns:repeat(auto-fill,minmax(min(20rem,100%),1fr));gap:.75rem}
.cards p.normal{font-size:.9rem}
.cards>section{background:var(--card);border:1px solid var(--edge);border-top:.25rem solid var(--edge);border-radius:.4rem;padding:.8rem 1rem}
.cards>section.ok{border-top-color:var(--ok)}.cards>section.warning{border-top-color:var(--warning)}.cards>section.critical{border-top-color:var(--critical)}.cards>section.unknown{border-top-color:var(--unknown)}
.plain>section+section{margin-top:1.5rem}
details.section{border-top:1px solid var(--edge);padding:.5rem 0}
details.section summary h3{display:inline;margin:0}
dl{display:grid;grid-template-columns:5rem 1fr;gap:.15rem .75rem;margin-top:.5rem;font-size:.9rem}
dt{color:var(--quiet)}dd{margin:0}
.figures{display:grid;grid-template-columns:repeat(auto-fill,minmax(min(21rem,100%),1fr));gap:.75rem;align-items:start}
figure{background:var(--card);border:1px solid var(--edge);border-radius:.4rem;padding:.7rem .8rem}
figure:only-child{grid-column:1/-1}
figcaption p{font-size:.85rem;color:var(--quiet)}
figcaption h3{margin:0;font-size:.95rem}
svg{display:block;width:100%;height:auto;max-width:30rem;margin:.4rem 0 .2rem;overflow:visible}
svg text{fill:var(--text)}
svg .tick{fill:var(--quiet)}
svg .value{fill:var(--series)}
svg .grid,svg .rail{stroke:var(--edge);stroke-opacity:1}
svg .line,svg .ahead{stroke:var(--series)}svg .ground,svg .dot{fill:var(--series)}
svg .good{fill:var(--ok);fill-opacity:.55}svg .odd,svg .warning{fill:var(--warning)}svg .critical{fill:var(--critical)}
svg .stroked{fill:none}svg .bad{stroke:var(--critical)}svg .none{stroke:var(--quiet)}
summary{cursor:pointer;color:var(--quiet);font-size:.85rem}
details.section>summary{color:inherit;font-size:1rem}
table{border-collapse:collapse;width:100%;font-size:.875rem;margin-top:.4rem}
caption{text-align:left;color:var(--quiet);font-size:.85rem;padding-bottom:.25rem}
th,td{text-align:left;vertical-align:top;padding:.35rem .7rem .35rem 0;border-bottom:1px solid var(--edge)}
th{color:var(--quiet);font-weight:600}
.short{white-space:nowrap}section>table td{min-width:6.5rem}figure table{font-size:.8rem}figure td,figure th{padding-right:.4rem}
.number{text-align:right;font-variant-numeric:tabular-nums}
@media (min-width:60rem){figure.open{display:grid;grid-template-columns:24rem 1fr;column-gap:1.5rem;align-items:start}figure.open figcaption{grid-column:1/-1}}
@media (max-width:44rem){
body{padding:.6rem}
h1{font-size:1.45rem}
dl{grid-template-columns:1fr;gap:0}dd+dt{margin-top:.35rem}
thead{position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%)}
table,tbody,tr,caption{display:block}
tr{padding:.45rem 0;border-bottom:1px solid var(--edge)}
td{display:grid;grid-template-columns:6rem 1fr;gap:.75rem;padding:.05rem 0;border:0;text-align:left}
td::before{content:attr(data-label);color:var(--quiet)}
}
@media print{
:root{color-scheme:light;${variables(0)};--ground:#ffffff}
body{max-width:none;font-size:10pt;padding:0}
figure,.problems li,.cards>section,tr{break-inside:avoid}
h2,h3{break-after:avoid}
details::details-content{content-visibility:visible;block-size:auto}
figure details:not([open]){display:none}
}
`;

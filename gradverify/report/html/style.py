"""The page's style sheet. Colours are custom properties, so that dark mode is one block."""

from __future__ import annotations

from gradverify.report.figures import style as figures

_LIGHT = (
    "--ground:#f6f7f8;--card:#fff;--ink:#1d2129;--muted:#596271;--line:#d9dce1;--faint:#eceef1;--accent:#0b61a4;"
    "--pass:#176b41;--pass-bg:#e4f3ea;--fail:#b4232a;--fail-bg:#fbe9e9;--inconclusive:#855300;"
    "--inconclusive-bg:#fbf0d9;--error:#8a2c86;--error-bg:#f7e8f6;--skipped:#596271;--skipped-bg:#eceef1;"
)
_DARK = (
    "--ground:#12151a;--card:#1a1e25;--ink:#e6e9ee;--muted:#a3adbb;--line:#39404b;--faint:#272d36;--accent:#6cb4ee;"
    "--pass:#6fd3a0;--pass-bg:#17342a;--fail:#ff8f88;--fail-bg:#3f1f22;--inconclusive:#f0c063;"
    "--inconclusive-bg:#3a2e14;--error:#e7a2e3;--error-bg:#3b2039;--skipped:#a3adbb;--skipped-bg:#272d36;"
)

_RULES = """
*,*::before,*::after{box-sizing:border-box}
html{color-scheme:light dark;-webkit-text-size-adjust:100%}
body{margin:0;background:var(--ground);color:var(--ink);
font:15px/1.5 system-ui,-apple-system,"Segoe UI",Roboto,"Noto Sans","DejaVu Sans",sans-serif;
font-variant-numeric:tabular-nums;overflow-wrap:anywhere}
main{max-width:1440px;margin:0 auto;padding:28px 28px 64px}
h1{font-size:24px;line-height:1.25;margin:0 0 4px;letter-spacing:-.01em;font-weight:650}
h2{font-size:17px;margin:32px 0 10px;font-weight:650}
h3{font-size:13px;margin:20px 0 6px;font-weight:650;color:var(--muted)}
p{margin:6px 0}a{color:var(--accent);text-underline-offset:2px}
code,pre,.mono{font:13px/1.5 ui-monospace,"SF Mono",Menlo,Consolas,"DejaVu Sans Mono",monospace;
font-variant-ligatures:none}
.muted{color:var(--muted)}.small{font-size:13px}
:focus-visible{outline:2px solid var(--accent);outline-offset:2px;border-radius:4px}
header.top{border-bottom:1px solid var(--line);padding-bottom:18px;margin-bottom:18px}
.facts{display:flex;flex-wrap:wrap;gap:2px 18px;color:var(--muted);font-size:13px;margin:6px 0 0;padding:0;
list-style:none}
.alert{border-left:4px solid var(--error);background:var(--error-bg);padding:8px 14px;border-radius:0 6px 6px 0;
margin:12px 0}
fieldset{border:0;margin:0 0 10px;padding:0;display:flex;flex-wrap:wrap;gap:8px;align-items:center;min-width:0}
legend{float:left;padding:0;margin:0 4px 0 0;color:var(--muted);font-size:13px;min-width:52px}
.chip{position:relative;display:inline-flex;gap:7px;align-items:baseline;border:1px solid var(--line);
background:var(--card);border-radius:999px;padding:4px 13px;cursor:pointer;font-size:14px;max-width:100%}
.chip input{position:absolute;opacity:0;inset:0;margin:0;cursor:pointer;width:100%;height:100%}
.chip b{font-weight:650}.chip:hover{border-color:var(--muted)}
.chip:has(:checked){border-color:var(--ink);box-shadow:inset 0 0 0 1px var(--ink)}
.chip:has(:focus-visible){outline:2px solid var(--accent);outline-offset:2px}
.chip.fail b,.chip.fail .mark{color:var(--fail)}.chip.pass b,.chip.pass .mark{color:var(--pass)}
.chip.error b,.chip.error .mark{color:var(--error)}
.chip.inconclusive b,.chip.inconclusive .mark{color:var(--inconclusive)}
@supports not selector(:has(*)){.filters{display:none}}
.tags{max-height:132px;overflow:auto;margin-inline:-3px;padding:3px}
details.spec{background:var(--card);border:1px solid var(--line);border-left:4px solid var(--skipped);border-radius:8px;
margin:8px 0;content-visibility:auto;contain-intrinsic-size:auto 44px}
details.spec.pass{border-left-color:var(--pass)}details.spec.fail{border-left-color:var(--fail)}
details.spec.error{border-left-color:var(--error)}details.spec.inconclusive{border-left-color:var(--inconclusive)}
details.spec>summary{list-style:none;cursor:pointer;padding:9px 16px 9px 14px;display:flex;flex-wrap:wrap;gap:2px 12px;
align-items:baseline}
details.spec>summary::-webkit-details-marker{display:none}
details.spec>summary::after{content:"";margin-left:auto;width:7px;height:7px;border:solid var(--muted);
border-width:0 1.5px 1.5px 0;transform:rotate(45deg) translate(-2px,-2px);flex:none;align-self:center}
details.spec[open]>summary::after{transform:rotate(225deg) translate(-2px,-2px)}
details.spec[open]>summary{border-bottom:1px solid var(--faint)}
.name{font-weight:650}.place{color:var(--muted);font-size:13px}
.badge{display:inline-block;border-radius:5px;padding:0 8px;font-size:13px;font-weight:600;white-space:nowrap;
color:var(--skipped);background:var(--skipped-bg)}
.badge.pass{color:var(--pass);background:var(--pass-bg)}.badge.fail{color:var(--fail);background:var(--fail-bg)}
.badge.error{color:var(--error);background:var(--error-bg)}
.badge.inconclusive{color:var(--inconclusive);background:var(--inconclusive-bg)}
.body{padding:6px 18px 18px}
.columns{display:grid;grid-template-columns:minmax(0,1fr);gap:0 34px}
.headline{font-size:16px;font-weight:550;margin:10px 0 6px}.headline.long{font-size:15px;font-weight:400}
.callout{background:var(--fail-bg);border-radius:6px;padding:9px 14px;margin:10px 0}
.callout.plain{background:var(--faint)}
.callout p{margin:2px 0}.fault{font-weight:650;color:var(--fail)}
.scroll{overflow-x:auto;margin:6px 0}
table{border-collapse:collapse;font-size:14px}
th,td{padding:3px 0 3px 20px;text-align:right;vertical-align:baseline;white-space:nowrap}
th:first-child,td:first-child{padding-left:0;text-align:left}
th{font-weight:600;color:var(--muted);font-size:13px;border-bottom:1px solid var(--line)}
td{border-bottom:1px solid var(--faint)}tbody tr:last-child td{border-bottom:0}
td.text,th.text{text-align:left}td.wrap{white-space:normal;min-width:220px}
tr.wrong td{color:var(--fail);font-weight:600}
dl{display:grid;grid-template-columns:max-content minmax(0,1fr);gap:3px 18px;margin:6px 0}
dt{color:var(--muted)}dd{margin:0}
pre{background:var(--faint);border-radius:6px;padding:10px 14px;overflow:auto;max-height:340px;margin:6px 0;
white-space:pre-wrap}
.figures{display:grid;grid-template-columns:repeat(auto-fill,minmax(min(100%,360px),1fr));gap:14px 24px;margin:10px 0}
.figures svg.figure{width:100%;height:auto;max-width:540px;display:block}
.verdict{font-size:16px;margin:4px 0}.body>.facts{margin-top:18px;border-top:1px solid var(--faint);padding-top:8px}
ul.plain{margin:4px 0;padding-left:18px}ul.plain li{margin:3px 0}
.more{display:block;margin:12px 0}td .more{margin:0;white-space:normal}
details.more>summary{cursor:pointer;color:var(--accent);font-size:14px}
.meter{display:inline-block;width:88px;height:8px;border-radius:4px;background:var(--faint);overflow:hidden;
vertical-align:1px;margin-right:8px}
.meter i{display:block;height:100%;background:var(--pass)}
nav ol{list-style:none;margin:0;padding:0}
nav li{padding:3px 0;border-bottom:1px solid var(--faint);display:grid;gap:0 14px;
grid-template-columns:minmax(140px,300px) minmax(0,1fr)}
nav li span{color:var(--muted);overflow:hidden;text-overflow:ellipsis;white-space:nowrap}
footer{color:var(--muted);font-size:13px;border-top:1px solid var(--line);margin-top:36px;padding-top:14px}
@media (min-width:1080px){.columns.two{grid-template-columns:minmax(0,1.08fr) minmax(0,1fr)}
.columns.two .figures{grid-template-columns:minmax(0,1fr)}}
@media (max-width:620px){main{padding:16px 12px 40px}.body{padding:4px 12px 14px}h1{font-size:20px}
th,td{padding-left:11px}table{font-size:13px}dl{grid-template-columns:minmax(0,1fr);gap:0}dd{margin:0 0 8px}
nav li{grid-template-columns:minmax(0,1fr)}nav li span{white-space:normal}
details.spec>summary{padding-right:12px}.place{order:5;flex-basis:100%}}
@media print{body{background:#fff;font-size:11pt}main{max-width:none;padding:0}.filters,nav{display:none}
details.spec{content-visibility:visible;break-inside:avoid-page;border-color:#999}details.spec>summary::after{display:none}a{color:inherit}
.scroll{overflow:visible}table{font-size:9.5pt}th,td{padding-left:10px}td.wrap{min-width:110px}
pre{max-height:none}.badge,.callout,.meter i{print-color-adjust:exact}
.figures{grid-template-columns:1fr 1fr}}
"""


def page_style() -> str:
    """The whole style sheet of the page."""
    light, dark = _LIGHT + figures.colours(), _DARK + figures.colours(dark=True)
    return (
        f":root{{{light}}}@media (prefers-color-scheme:dark){{:root{{{dark}}}}}"
        f"@media print{{:root{{{light}color-scheme:light}}}}{_RULES}{figures.page_rules()}"
    )

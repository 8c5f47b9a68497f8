// The page for the safe: the identity on paper, to be read by people and by a camera, and how it is used in years. Nothing on it
// comes from elsewhere or goes elsewhere.
import { encodeQR } from 'qr';
import type { KeyPair } from './age.ts';

/** Around the code, so that a camera finds it. */
const quietModules = 4;
const groupCharacters = 5;

/** What stands on it beside the keys. */
export interface PageFacts {
  madeAt: string;
  host: string;
  apps: readonly string[];
}

/** One HTML file that needs nothing else. */
export function safePage({ identity, recipient }: KeyPair, { madeAt, host, apps }: PageFacts): string {
  const facts = [
    ['made', madeAt],
    ['on', host],
    ...(apps.length === 0 ? [] : [['for the backups of', apps.join(', ')]]),
  ];
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<meta name="referrer" content="no-referrer">
<title>Recovery key</title>
<style>
body { font: 12pt/1.4 serif; max-width: 44em; margin: 2em auto; padding: 0 1em; color: #000; background: #fff }
code, pre { font-family: monospace; font-size: 11pt }
pre { white-space: pre-wrap; margin: 0.3em 0 }
.key { font-size: 15pt; letter-spacing: 0.05em; border: 1px solid #000; padding: 0.6em; break-inside: avoid }
svg { width: 6cm; height: 6cm; display: block; margin: 1em 0 }
dt { float: left; clear: left; width: 12em } dd { margin-left: 12.5em }
</style>
</head>
<body>
<h1>Recovery key of Holdfast backups</h1>
<p><strong>Print this page, put it where the house papers are, and remove the file.</strong> Whoever has this key can read every backup
that is sealed for it. Without it nobody can: not the machine that made them, and not who keeps them.</p>
<dl>${facts.map(([term = '', fact = '']) => `<dt>${term}</dt><dd>${escaped(fact)}</dd>`).join('')}</dl>
<h2>The identity (secret)</h2>
<p class="key"><code>${grouped(identity)}</code></p>
<p>The same for a camera; the spaces above are for the eye and not part of the key:</p>
${qrCode(identity)}
<h2>The public key, which is no secret</h2>
<pre>${escaped(recipient)}</pre>
<p>A machine that makes backups has this one, under <code>[encryption] recipients</code>. Each backup says in clear for which public keys
it is sealed: this page opens those that name the one above.</p>
<h2>To restore</h2>
<p>Where Holdfast is installed, and asks for the identity:</p>
<pre>restore run latest</pre>
<p>Without Holdfast, with the program age (Debian: <code>apt install age</code>) and the identity as one line in the file
<code>key.txt</code>:</p>
<pre>age -d -i key.txt ctv-20261120T020513Z.db.age &gt; ctv.db</pre>
<p>Backups in pages (<code>….pages.age</code>) are opened the same way, file by file, and put together by <code>rebuild.py</code>.</p>
</body>
</html>
`;
}

/** So that eyes and fingers keep their place. */
function grouped(identity: string): string {
  // What every identity begins with is no part of the key that has to be read letter by letter.
  const [, prefix = '', key = identity] = /^([A-Z]+(?:-[A-Z]+)*-1)(.*)$/.exec(identity) ?? [];
  const groups = key.match(new RegExp(`.{1,${groupCharacters}}`, 'g')) ?? [];
  return [...(prefix === '' ? [] : [prefix]), ...groups].map(escaped).join(' ');
}

/** Black squares on white, one path. */
function qrCode(text: string): string {
  const rows = encodeQR(text, 'raw', { ecc: 'quartile', border: quietModules });
  const path = rows.flatMap((row, y) => row.flatMap((isDark, x) => (isDark ? [`M${x} ${y}h1v1h-1z`] : [])));
  const size = rows.length;
  return (
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${size} ${size}" shape-rendering="crispEdges" role="img" ` +
    `aria-label="the identity as a QR code"><rect width="${size}" height="${size}" fill="#fff"/><path d="${path.join('')}"/></svg>`
  );
}

function escaped(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}

// Compares the package with include/thingp2p.h, which is the argument, and what its types declare with what it has.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import * as thingp2p from 'thingp2p';

const folder = new URL('.', import.meta.resolve('thingp2p'));
const native = await import(new URL('lib/native.js', folder));
const header = readFileSync(process.argv[2], 'utf8');
const types = readFileSync(fileURLToPath(new URL('index.d.ts', folder)), 'utf8');
const manifest = JSON.parse(readFileSync(fileURLToPath(new URL('package.json', folder)), 'utf8'));

const found = (text, expression) => [...text.matchAll(expression)].map((match) => match.slice(1));
const sorted = (pairs) => Object.fromEntries([...pairs].sort());

const notBound = ['set_log', 'connect_wait', 'session_peer', 'poller_wake', 'poller_close'];
const declared = found(header, /THING_P2P_API[^;(]*?thing_p2p_(\w+)\(([^)]*)\);/g);
const parameters = (list) => (list === 'void' ? 0 : list.split(',').length);
assert.deepEqual(
  sorted(Object.entries({ ...native.FUNCTIONS, ...native.TEXTS }).map(([name, list]) => [name, list.length])),
  sorted(declared.filter(([name]) => !notBound.includes(name)).map(([name, list]) => [name, parameters(list)])),
);

const structs = found(header, /typedef struct thing_p2p_(\w+) \{(.*?)\n\}/gs).map(([name, members]) => [
  name,
  found(members.replace(/\/\*.*?\*\//gs, ''), /(\w+)(?:\[\w+\])?[,;]/g).flat(),
]);
assert.deepEqual(sorted(Object.entries(native.STRUCTS).map(([name, members]) => [name, Object.keys(members)])), sorted(structs));

const constants = sorted(found(header, /(?:#define |^ +)THING_P2P_(\w+) *(?:= )?(-?\d+)\b/gm));
for (const [name, value] of Object.entries(native)) {
  if (typeof value === 'number') {
    assert.equal(value, Number(constants[name] ?? (name === 'STATUS_SIZE' ? 2048 : undefined)), name);
  }
}
for (const [name, value] of Object.entries(thingp2p.Code)) {
  assert.equal(value, Number(constants[name === 'OK' ? name : `ERR_${name}`]), name);
}
assert.equal(manifest.version, /THING_P2P_VERSION +"(.*)"/.exec(header)[1]);
assert.equal(thingp2p.version(), manifest.version);

const values = found(types, /^export (?:declare )?(?:function|class|const) (\w+)/gm).flat();
assert.deepEqual(values.sort(), Object.keys(thingp2p).sort());
for (const [name, members] of found(types, /^export class (\w+) [^{]*\{\n(.*?)^\}/gms)) {
  const methods = /^  (?:readonly )?(?!constructor|private|static|name|code|traceId|peer)(\[?[\w.]+\]?)[(:]/gm;
  const inTypes = found(members, methods).flat();
  const here = Reflect.ownKeys(thingp2p[name].prototype).map((key) =>
    typeof key === 'symbol' ? `[${key.description.replace('nodejs.', 'Symbol.')}]` : key,
  );
  assert.deepEqual(new Set(inTypes), new Set(here.filter((key) => !/^(constructor|_\w+)$/.test(key))), name);
}
console.log('ok: the package has all of the header');

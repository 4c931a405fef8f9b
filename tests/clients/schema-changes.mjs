// What graphql-js finds between pairs of schemas: reads [[old, new], ...] of SDL as JSON from a file, and prints for each pair the
// kinds of its breaking and dangerous changes, sorted.
//
//   node schema-changes.mjs pairs.json
import { readFileSync } from 'node:fs';
import process from 'node:process';
import { buildSchema, findBreakingChanges, findDangerousChanges } from 'graphql';

// A change may leave a schema that nobody would serve, such as a type without what its interface asks for; the comparison does not mind.
const build = (sdl) => buildSchema(sdl, { assumeValid: true, assumeValidSDL: true });
const pairs = JSON.parse(readFileSync(process.argv[2], 'utf8'));
const kinds = pairs.map(([old, now]) => {
  const [before, after] = [build(old), build(now)];
  return [...findBreakingChanges(before, after), ...findDangerousChanges(before, after)].map((change) => change.type).sort();
});
console.log(JSON.stringify(kinds));

// Compares pairs of schemas with graphql-js: reads [[old, new], ...] of SDL as JSON from a file, and prints for each pair the
// kinds of its breaking and dangerous changes, sorted.
//
//   node schema-changes.mjs pairs.json
import { readFileSync } from 'node:fs';
import process from 'node:process';
import { buildSchema, findBreakingChanges, findDangerousChanges } from 'graphql';

// A change may leave an invalid schema, for example a type that lacks a field of its interface; the comparison works all the same.
const build = (sdl) => buildSchema(sdl, { assumeValid: true, assumeValidSDL: true });
const pairs = JSON.parse(readFileSync(process.argv[2], 'utf8'));
const kinds = pairs.map(([old, now]) => {
  const [before, after] = [build(old), build(now)];
  return [...findBreakingChanges(before, after), ...findDangerousChanges(before, after)].map((change) => change.type).sort();
});
console.log(JSON.stringify(kinds));

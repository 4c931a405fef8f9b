// Runs every GraphQL over HTTP audit of the graphql-http package against a server that accepts free text; prints one line per audit.
// Exits with 1 when one is not ok; a warning (a SHOULD of the specification) is not ok either.
//
//   node audits.mjs http://localhost:5080/graphql
import process from 'node:process';
import { serverAudits } from 'graphql-http';

const url = process.argv[2] ?? 'http://localhost:5080/graphql';
const counts = { ok: 0, warn: 0, error: 0 };

// Sequential, so that each line of the server's log belongs to one audit.
for (const audit of serverAudits({ url })) {
  const result = await audit.fn();
  counts[result.status]++;
  console.log(`${result.status.padEnd(5)} ${audit.id} ${audit.name}${result.status === 'ok' ? '' : `: ${result.reason}`}`);
}

console.log(`${counts.ok} ok, ${counts.warn} warnings, ${counts.error} errors`);
process.exitCode = counts.ok > 0 && counts.warn + counts.error === 0 ? 0 : 1;

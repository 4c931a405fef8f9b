// Every audit of GraphQL over HTTP that the graphql-http package knows, against a server that takes free text: one line each.
// Ends with 1 when one is not ok; a warning (a SHOULD of the specification) is not ok either.
//
//   node audits.mjs http://localhost:5080/graphql
import process from 'node:process';
import { serverAudits } from 'graphql-http';

const url = process.argv[2] ?? 'http://localhost:5080/graphql';
const counts = { ok: 0, warn: 0, error: 0 };

// One after the other, so that a line of the server's log belongs to one audit.
for (const audit of serverAudits({ url })) {
  const result = await audit.fn();
  counts[result.status]++;
  console.log(`${result.status.padEnd(5)} ${audit.id} ${audit.name}${result.status === 'ok' ? '' : `: ${result.reason}`}`);
}

console.log(`${counts.ok} ok, ${counts.warn} warnings, ${counts.error} errors`);
process.exitCode = counts.ok > 0 && counts.warn + counts.error === 0 ? 0 : 1;

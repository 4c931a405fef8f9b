// Parses an AsyncAPI document, and holds the examples of its messages against their schemas, which the parser does not do for version 3.
// Prints the numbers of channels, operations and examples; ends with 1 and the problems when there are any.
//
//   node asyncapi.mjs schema/asyncapi.json
import { readFileSync } from 'node:fs';
import process from 'node:process';
import { Parser } from '@asyncapi/parser';
import { Ajv } from 'ajv';
import formats from 'ajv-formats';

const fail = (problems) => {
  console.error(JSON.stringify(problems, null, 2));
  process.exit(1);
};

const { document, diagnostics } = await new Parser().parse(readFileSync(process.argv[2], 'utf8'));
const [error, warning] = [0, 1];
const problems = diagnostics.filter(({ severity }) => severity === error || severity === warning);
if (!document || problems.length > 0) fail(problems);

// The parser adds members of its own to schemas.
const ajv = formats.default(new Ajv({ strict: false, allErrors: true }));
let examples = 0;
for (const message of document.components().messages().all()) {
  const isValid = ajv.compile(message.payload().json());
  for (const example of message.examples().all()) {
    examples++;
    if (!isValid(example.payload())) fail({ message: message.id(), errors: isValid.errors });
  }
}

console.log(`${document.channels().all().length} channels, ${document.operations().all().length} operations, ${examples} examples`);

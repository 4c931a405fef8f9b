// Records the HTTP requests of a client library and the responses to them, and prints a line for each check.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';

/** The SHA-256 of a text in lower-case hex: the id of an operation. */
export const sha256 = (text) => createHash('sha256').update(text).digest('hex');

/** A fetch for a client library, and the exchanges that it made since the last `take()`. */
export function recorder() {
  let seen = [];
  return {
    async fetch(address, options = {}) {
      const response = await fetch(address, options);
      seen.push(await exchange(new URL(address), options, response.clone()));
      return response;
    },
    take() {
      const taken = seen;
      seen = [];
      return taken;
    },
  };
}

/** Runs a step, which asserts and returns its exchanges, and prints its result. The first failure ends the script. */
export async function show(what, step) {
  const exchanges = await step();
  console.log(`ok  ${what}`);
  for (const { line } of exchanges) console.log(`      ${line}`);
}

/** Asserts the requests and responses, one line each: `GET hash: 400 HC0020, no-store`. */
export function assertExchanges(exchanges, ...lines) {
  assert.deepEqual(exchanges.map((e) => e.line), lines);
  return exchanges;
}

/** Asserts that a request is a GET by hash, without a text. */
export function assertHashAlone({ method, parameters }, hash) {
  assert.equal(method, 'GET');
  assert.equal(parameters.query, undefined);
  // Other extensions are allowed: Apollo Client sends its name and version in one.
  assert.deepEqual(JSON.parse(parameters.extensions).persistedQuery, { version: 1, sha256Hash: hash });
}

/**
 * Sends requests by hash to the only route whose responses caches may store: /graphql/persisted/{id}/{name}?variables=.
 * Any library that accepts a fetch can use it; docs/http.md says why this is a separate route, and why its URL has one spelling.
 */
export const throughPersistedRoute = (inner) => (address, options = {}) => {
  const url = new URL(address);
  const { query, operationName, variables, extensions } = Object.fromEntries(url.searchParams);
  if ((options.method ?? 'GET') !== 'GET' || query || !extensions) return inner(address, options);
  const { sha256Hash } = JSON.parse(extensions).persistedQuery;
  url.pathname += `/persisted/${sha256Hash}/${operationName}`;
  const canonical = variables ? canonicalJson(JSON.parse(variables)) : '{}';
  url.search = canonical === '{}' ? '' : `?variables=${percentEncoded(canonical)}`;
  return inner(url.href, options);
};

/** RFC 8785: the output of JSON.stringify, with the members of objects sorted. */
const canonicalJson = (value) => JSON.stringify(value, (_, member) => (isObject(member)
  ? Object.fromEntries(Object.entries(member).sort(([a], [b]) => (a < b ? -1 : 1)))
  : member));

const isObject = (value) => value !== null && typeof value === 'object' && !Array.isArray(value);

/** RFC 3986: encodeURIComponent leaves five reserved characters unencoded. */
const percentEncoded = (text) => encodeURIComponent(text).replace(/[!'()*]/g, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`);

async function exchange(url, options, response) {
  const method = options.method ?? 'GET';
  const parameters = method === 'GET' ? Object.fromEntries(url.searchParams) : JSON.parse(options.body);
  const answer = await response.json();
  const outcome = answer.errors ? answer.errors.map((e) => e.extensions.code).join(' ') : 'data';
  const line = `${method} ${sent(url, parameters)}: ${response.status} ${outcome}, ${response.headers.get('cache-control')}`;
  return { method, url, parameters, answer, line };
}

function sent(url, { query, extensions }) {
  if (url.pathname.startsWith('/graphql/persisted/')) return 'route';
  return [query && 'text', extensions && 'hash'].filter(Boolean).join(' and ');
}

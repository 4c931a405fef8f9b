// urql with its exchanges for persisted operations and for a normalised cache, all as npm has them, against a server in production:
// registration, published operations, errors, paging. Prints a line per thing shown, and below it each request that the library sent.
//
//   node urql.mjs SETTINGS     as tests/CityHelper.IntegrationTests/Clients/NpmClientHouse.cs writes them, in JSON
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import process from 'node:process';
import { CombinedError, createClient, fetchExchange, gql } from '@urql/core';
import { cacheExchange } from '@urql/exchange-graphcache';
import { relayPagination } from '@urql/exchange-graphcache/extras';
import { persistedExchange } from '@urql/exchange-persisted';
import { assertExchanges, assertHashAlone, recorder, sha256, show, throughPersistedRoute } from './recorder.mjs';

const { url, keys, manifest: manifestPath, printed, newestFirst } = JSON.parse(process.argv[2]);
const manifest = JSON.parse(readFileSync(manifestPath, 'utf8'));
const published = (name) => manifest.operations.find((operation) => operation.name === name);
const fromManifest = { generateHash: async (_, document) => published(document.definitions[0].name.value).id };
const http = recorder();

/** A client as an app has it. Each has a cache of its own, so that the server answers and not the cache of another. */
const open = ({ key, ids, fetch = http.fetch, fields = {} }) =>
  createClient({
    url,
    fetch,
    fetchOptions: { headers: key ? { 'X-API-Key': key } : {} },
    exchanges: [
      // A city has its slug beside its id, and these have no id of their own: the cache keeps them with what holds them.
      cacheExchange({ resolvers: { Query: fields }, keys: { Category: () => null, Agency: () => null, StatusUpdate: () => null } }),
      persistedExchange({ preferGetForPersistedQueries: true, ...ids }),
      fetchExchange,
    ],
  });

/** The errors of a query without data, in the library's own type. */
async function errorsOf(query) {
  const { data, error } = await query;
  assert.ok(error instanceof CombinedError, `${error} is of the library's type`);
  assert.equal(error.networkError, undefined, 'the library read the answer as one of GraphQL');
  assert.ok(!data || Object.values(data).every((field) => field === null || typeof field === 'string'));
  return error.graphQLErrors;
}

const codesOf = async (query) => (await errorsOf(query)).map((error) => error.extensions.code);

await show('A new operation is registered at its first use', async () => {
  const query = gql`query UrqlNewest($first: Int!) { serviceRequests(city: "nyc", first: $first) { nodes { id title } } }`;
  const { data } = await open({ key: keys.registration }).query(query, { first: 2 });
  assert.deepEqual(data.serviceRequests.nodes.map((node) => node.id), newestFirst.slice(0, 2));
  const exchanges = assertExchanges(http.take(), 'GET hash: 400 HC0020, no-store', 'GET text and hash: 200 data, no-store');
  const [asked, registered] = exchanges;
  const hash = sha256(registered.parameters.query);
  assertHashAlone(asked, hash);
  assert.equal(asked.answer.errors[0].message, 'PersistedQueryNotFound');
  assert.deepEqual(registered.answer.extensions, { persistedQuery: { sha256Hash: hash, persisted: true } });

  // Another client of the same app, of another user say: one request, and no text.
  const again = await open({ key: keys.registration }).query(query, { first: 3 });
  assert.equal(again.data.serviceRequests.nodes.length, 3);
  const [second] = assertExchanges(http.take(), 'GET hash: 200 data, no-store');
  assertHashAlone(second, hash);
  return [...exchanges, second];
});

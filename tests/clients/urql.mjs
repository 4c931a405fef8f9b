// urql with its exchanges for persisted operations and for a normalised cache, all from npm, against a server in production:
// registration, published operations, errors, paging. Prints a line for each check, followed by the requests that the library sent.
//
//   node urql.mjs SETTINGS     JSON, as tests/CityHelper.IntegrationTests/Clients/NpmClientFixture.cs writes it
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import process from 'node:process';
import { cacheExchange as documentCache, CombinedError, createClient, fetchExchange, gql } from '@urql/core';
import { cacheExchange as normalisedCache } from '@urql/exchange-graphcache';
import { relayPagination } from '@urql/exchange-graphcache/extras';
import { persistedExchange } from '@urql/exchange-persisted';
import { assertExchanges, assertHashAlone, recorder, sha256, show, throughPersistedRoute } from './recorder.mjs';

const { url, keys, manifest: manifestPath, printed, newestFirst } = JSON.parse(process.argv[2]);
const manifest = JSON.parse(readFileSync(manifestPath, 'utf8'));
const published = (name) => manifest.operations.find((operation) => operation.name === name);
const fromManifest = { generateHash: async (_, document) => published(document.definitions[0].name.value).id };
const http = recorder();

/** A client as an app has it. Each has its own cache, so that every answer comes from the server. */
const open = ({ key, persisted, fetch = http.fetch, cache = normalisedCache() }) =>
  createClient({
    url,
    fetch,
    fetchOptions: { headers: key ? { 'X-API-Key': key } : {} },
    exchanges: [cache, persistedExchange({ preferGetForPersistedQueries: true, ...persisted }), fetchExchange],
  });

/** The errors of a query's response, in the library's own type. */
async function errorsOf(query) {
  const { error } = await query;
  assert.ok(error instanceof CombinedError, `${error} is of the library's type for errors`);
  assert.equal(error.networkError, undefined, 'the library read the answer as one of GraphQL');
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

  // Another client of the same app, for example another user's: one request, without text.
  const again = await open({ key: keys.registration }).query(query, { first: 3 });
  assert.equal(again.data.serviceRequests.nodes.length, 3);
  const [second] = assertExchanges(http.take(), 'GET hash: 200 data, no-store');
  assertHashAlone(second, hash);
  return [...exchanges, second];
});


// The files of persisted-queries/web select no __typename, so a normalised cache stores nothing: this uses urql's document cache.
await show('Operations of the manifest run by the ids that it tells, without registration, for a client that may run nothing else', async () => {
  const client = open({ persisted: fromManifest, cache: documentCache });
  const { data, error } = await client.query(published('ServiceRequestList').body, { city: 'nyc', first: 5 });
  assert.equal(error, undefined);
  assert.deepEqual(data.serviceRequests.nodes.map((node) => node.id), newestFirst.slice(0, 5));
  const exchanges = assertExchanges(http.take(), 'GET hash: 200 data, no-store');
  assertHashAlone(exchanges[0], published('ServiceRequestList').id);
  return exchanges;
});

await show('An operation that is published as the library prints it runs by the hash that the library computes', async () => {
  const { data } = await open({}).query(gql(printed));
  assert.equal(data.cities[0].slug, 'nyc');
  const exchanges = assertExchanges(http.take(), 'GET hash: 200 data, no-store');
  assertHashAlone(exchanges[0], sha256(printed));
  return exchanges;
});

await show('Through the persisted route the answer may be kept for as long as the manifest says', async () => {
  const client = open({ persisted: fromManifest, fetch: throughPersistedRoute(http.fetch), cache: documentCache });
  await client.query(published('Cities').body);
  await client.query(published('ServiceRequestList').body, { city: 'nyc' });
  assert.deepEqual(await codesOf(client.query(published('ServiceRequestList').body, { city: 'atlantis' })), ['CITY_NOT_FOUND']);
  return assertExchanges(
    http.take(),
    `GET route: 200 data, ${published('Cities').cache}`,
    `GET route: 200 data, ${published('ServiceRequestList').cache}`,
    'GET route: 200 CITY_NOT_FOUND, no-store',
  );
});

await show('A new text of a client that may only run published operations is refused, once', async () => {
  const client = open({});
  assert.deepEqual(await codesOf(client.query(gql`query UrqlSecret { cities { slug } }`)), ['HC0067']);
  const exchanges = assertExchanges(http.take(), 'GET hash: 400 HC0020, no-store', 'GET text and hash: 400 HC0067, no-store');

  // The library keeps sending hashes: the server refused that text only.
  await client.query(gql(printed));
  exchanges.push(...assertExchanges(http.take(), 'GET hash: 200 data, no-store'));

  // Configured to send no text, it sends none.
  const enforced = open({ persisted: { enforcePersistedQueries: true } });
  assert.deepEqual(await codesOf(enforced.query(gql`query UrqlSecret { cities { slug } }`)), ['HC0020']);
  return [...exchanges, ...assertExchanges(http.take(), 'GET hash: 400 HC0020, no-store')];
});

await show('Errors reach the caller as the server wrote them', async () => {
  const client = open({ key: keys.registration });
  const [unknownField] = await errorsOf(client.query(gql`query UrqlMistake { cities { mayor } }`));
  assert.equal(unknownField.extensions.code, 'FIELDS_ON_CORRECT_TYPE');
  const invalid = assertExchanges(
    http.take(), 'GET hash: 400 HC0020, no-store', 'GET text and hash: 400 FIELDS_ON_CORRECT_TYPE, no-store');
  assert.deepEqual(unknownField.locations, invalid[1].answer.errors[0].locations);

  const query = gql`query UrqlPage($city: String!, $first: Int!) { serviceRequests(city: $city, first: $first) { nodes { id } } }`;
  const [tooMany] = await errorsOf(client.query(query, { city: 'nyc', first: 1000 }));
  assert.deepEqual([tooMany.extensions.code, tooMany.path], ['HC0051', ['serviceRequests']]);
  const [nowhere] = await errorsOf(client.query(query, { city: 'atlantis', first: 1 }));
  assert.deepEqual([nowhere.extensions.code, nowhere.path], ['CITY_NOT_FOUND', ['serviceRequests']]);
  const [mistyped] = await errorsOf(client.query(query, { city: 'nyc', first: 'many' }));
  assert.equal(mistyped.extensions.code, 'HC0016');
  const failed = assertExchanges(
    http.take(),
    'GET hash: 400 HC0020, no-store',
    'GET text and hash: 200 HC0051, no-store',
    'GET hash: 200 CITY_NOT_FOUND, no-store',
    'GET hash: 400 HC0016, no-store',
  );
  return [...invalid, ...failed];
});

await show('What could be read is told beside the error of what could not', async () => {
  const query = gql`query UrqlHalf { cities { slug } serviceRequests(city: "atlantis") { nodes { id } } }`;
  const { data, error } = await open({ key: keys.registration, cache: documentCache }).query(query);
  assert.equal(data.cities[0].slug, 'nyc');
  assert.equal(data.serviceRequests, null);
  assert.equal(error.graphQLErrors[0].extensions.code, 'CITY_NOT_FOUND');
  return assertExchanges(http.take(), 'GET hash: 400 HC0020, no-store', 'GET text and hash: 200 CITY_NOT_FOUND, no-store');
});

await show('Pages that relayPagination puts together hold every request once, newest first', async () => {
  const client = open({ key: keys.registration, cache: normalisedCache({ resolvers: { Query: { serviceRequests: relayPagination() } } }) });
  const query = gql`
    query UrqlPages($city: String!, $first: Int!, $after: String) {
      serviceRequests(city: $city, first: $first, after: $after) {
        nodes { id title }
        pageInfo { hasNextPage endCursor }
      }
    }
  `;
  const pages = Math.ceil(newestFirst.length / 7);
  let requests = { nodes: [], pageInfo: { hasNextPage: true } };
  for (let page = 1; requests.pageInfo.hasNextPage; page++) {
    assert.ok(page <= pages, 'paging ends');
    const { data, error } = await client.query(query, { city: 'nyc', first: 7, after: requests.pageInfo.endCursor });
    assert.equal(error, undefined);
    requests = data.serviceRequests;
  }

  assert.deepEqual(requests.nodes.map((node) => node.id), newestFirst);
  return assertExchanges(
    http.take(),
    'GET hash: 400 HC0020, no-store',
    'GET text and hash: 200 data, no-store',
    ...Array(pages - 1).fill('GET hash: 200 data, no-store'),
  );
});

await show('Over its quota a client is refused what is new, and answered what it registered', async () => {
  const ask = (name) => open({ key: keys.quota }).query(gql(`query Urql${name} { cities { slug } }`));
  await ask('One');
  await ask('Two');
  assert.deepEqual(await codesOf(ask('Three')), ['REGISTRATION_QUOTA_EXCEEDED']);
  await ask('One');
  const registration = ['GET hash: 400 HC0020, no-store', 'GET text and hash: 200 data, no-store'];
  return assertExchanges(
    http.take(),
    ...registration,
    ...registration,
    'GET hash: 400 HC0020, no-store',
    'GET text and hash: 429 REGISTRATION_QUOTA_EXCEEDED, no-store',
    'GET hash: 200 data, no-store',
  );
});

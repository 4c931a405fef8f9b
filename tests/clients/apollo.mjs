// Apollo Client with its persisted-query link, both from npm, against a server in production: registration, published operations,
// errors, paging. Prints a line for each check, followed by the requests that the library sent.
//
//   node apollo.mjs SETTINGS     JSON, as tests/CityHelper.IntegrationTests/Clients/NpmClientFixture.cs writes it
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import process from 'node:process';
import { ApolloClient, ApolloLink, CombinedGraphQLErrors, gql, HttpLink, InMemoryCache } from '@apollo/client';
import { PersistedQueryLink } from '@apollo/client/link/persisted-queries';
import { relayStylePagination } from '@apollo/client/utilities';
import { generatePersistedQueryIdsFromManifest } from '@apollo/persisted-query-lists';
import { filter, firstValueFrom } from 'rxjs';
import { assertExchanges, assertHashAlone, recorder, sha256, show, throughPersistedRoute } from './recorder.mjs';

const { url, keys, manifest: manifestPath, printed, newestFirst } = JSON.parse(process.argv[2]);
const manifest = JSON.parse(readFileSync(manifestPath, 'utf8'));
const published = (name) => manifest.operations.find((operation) => operation.name === name);
const fromManifest = generatePersistedQueryIdsFromManifest({ loadManifest: () => manifest });
const http = recorder();

/** A client as an app has it. Each has its own cache, so that every answer comes from the server. */
const open = ({ key, ids = { sha256 }, fetch = http.fetch, fields = {} }) =>
  new ApolloClient({
    cache: new InMemoryCache({ typePolicies: { Query: { fields } } }),
    link: ApolloLink.from([
      new PersistedQueryLink({ ...ids, useGETForHashedQueries: true }),
      new HttpLink({ uri: url, headers: key && { 'X-API-Key': key }, fetch }),
    ]),
  });

/** The errors that reject a query, in the library's own type. */
async function errorsOf(promise) {
  const error = await promise.then(
    () => assert.fail('the query has an answer'),
    (reason) => reason,
  );
  assert.ok(CombinedGraphQLErrors.is(error), `${error} is of the library's type for GraphQL errors`);
  return error.errors;
}

const codesOf = async (promise) => (await errorsOf(promise)).map((error) => error.extensions.code);

await show('A new operation is registered at its first use', async () => {
  const query = gql`query ApolloNewest($first: Int!) { serviceRequests(city: "nyc", first: $first) { nodes { id title } } }`;
  const { data } = await open({ key: keys.registration }).query({ query, variables: { first: 2 } });
  assert.deepEqual(data.serviceRequests.nodes.map((node) => node.id), newestFirst.slice(0, 2));
  const exchanges = assertExchanges(http.take(), 'GET hash: 400 HC0020, no-store', 'POST text and hash: 200 data, no-store');
  const [asked, registered] = exchanges;
  const hash = sha256(registered.parameters.query);
  assertHashAlone(asked, hash);
  assert.equal(asked.answer.errors[0].message, 'PersistedQueryNotFound');
  assert.deepEqual(registered.answer.extensions, { persistedQuery: { sha256Hash: hash, persisted: true } });

  // Another client of the same app, for example another user's: one request, without text.
  const again = await open({ key: keys.registration }).query({ query, variables: { first: 3 } });
  assert.equal(again.data.serviceRequests.nodes.length, 3);
  const [second] = assertExchanges(http.take(), 'GET hash: 200 data, no-store');
  assertHashAlone(second, hash);
  return [...exchanges, second];
});

await show('Operations of the manifest run by the ids that it tells, without registration, for a client that may run nothing else', async () => {
  const client = open({ ids: fromManifest });
  const list = await client.query({ query: gql(published('ServiceRequestList').body), variables: { city: 'nyc', first: 5 } });
  assert.deepEqual(list.data.serviceRequests.nodes.map((node) => node.id), newestFirst.slice(0, 5));
  assert.equal(list.error, undefined);
  const exchanges = assertExchanges(http.take(), 'GET hash: 200 data, no-store');
  assertHashAlone(exchanges[0], published('ServiceRequestList').id);
  return exchanges;
});

await show('An operation that is published as the library prints it runs by the hash that the library computes', async () => {
  const { data } = await open({}).query({ query: gql(printed) });
  assert.equal(data.cities[0].slug, 'nyc');
  const exchanges = assertExchanges(http.take(), 'GET hash: 200 data, no-store');
  assertHashAlone(exchanges[0], sha256(printed));
  return exchanges;
});

await show('Through the persisted route the answer may be kept for as long as the manifest says', async () => {
  const client = open({ ids: fromManifest, fetch: throughPersistedRoute(http.fetch) });
  await client.query({ query: gql(published('Cities').body) });
  await client.query({ query: gql(published('ServiceRequestList').body), variables: { city: 'nyc' } });
  const refused = codesOf(client.query({ query: gql(published('ServiceRequestList').body), variables: { city: 'atlantis' } }));
  assert.deepEqual(await refused, ['CITY_NOT_FOUND']);
  return assertExchanges(
    http.take(),
    `GET route: 200 data, ${published('Cities').cache}`,
    `GET route: 200 data, ${published('ServiceRequestList').cache}`,
    'GET route: 200 CITY_NOT_FOUND, no-store',
  );
});

await show('A new text of a client that may only run published operations is refused, once', async () => {
  const client = open({});
  assert.deepEqual(await codesOf(client.query({ query: gql`query ApolloSecret { cities { slug } }` })), ['HC0067']);
  const exchanges = assertExchanges(http.take(), 'GET hash: 400 HC0020, no-store', 'POST text and hash: 400 HC0067, no-store');

  // The library keeps sending hashes: the server refused that text only.
  await client.query({ query: gql(printed) });
  return [...exchanges, ...assertExchanges(http.take(), 'GET hash: 200 data, no-store')];
});

await show('Errors reach the caller as the server wrote them', async () => {
  const client = open({ key: keys.registration });
  const [unknownField] = await errorsOf(client.query({ query: gql`query ApolloMistake { cities { mayor } }` }));
  assert.equal(unknownField.extensions.code, 'FIELDS_ON_CORRECT_TYPE');
  assert.deepEqual(unknownField.locations, [{ line: 3, column: 5 }]);
  const invalid = assertExchanges(
    http.take(), 'GET hash: 400 HC0020, no-store', 'POST text and hash: 400 FIELDS_ON_CORRECT_TYPE, no-store');

  const query = gql`query ApolloPage($city: String!, $first: Int!) { serviceRequests(city: $city, first: $first) { nodes { id } } }`;
  const [tooMany] = await errorsOf(client.query({ query, variables: { city: 'nyc', first: 1000 } }));
  assert.deepEqual([tooMany.extensions.code, tooMany.path], ['HC0051', ['serviceRequests']]);
  const [nowhere] = await errorsOf(client.query({ query, variables: { city: 'atlantis', first: 1 } }));
  assert.deepEqual([nowhere.extensions.code, nowhere.path], ['CITY_NOT_FOUND', ['serviceRequests']]);
  const [mistyped] = await errorsOf(client.query({ query, variables: { city: 'nyc', first: 'many' } }));
  assert.equal(mistyped.extensions.code, 'HC0016');
  const failed = assertExchanges(
    http.take(),
    'GET hash: 400 HC0020, no-store',
    'POST text and hash: 200 HC0051, no-store',
    'GET hash: 200 CITY_NOT_FOUND, no-store',
    'GET hash: 400 HC0016, no-store',
  );
  return [...invalid, ...failed];
});

await show('What could be read is told beside the error of what could not', async () => {
  const query = gql`query ApolloHalf { cities { slug } serviceRequests(city: "atlantis") { nodes { id } } }`;
  const { data, error } = await open({ key: keys.registration }).query({ query, errorPolicy: 'all' });
  assert.equal(data.cities[0].slug, 'nyc');
  assert.equal(data.serviceRequests, null);
  assert.equal(error.errors[0].extensions.code, 'CITY_NOT_FOUND');
  return assertExchanges(http.take(), 'GET hash: 400 HC0020, no-store', 'POST text and hash: 200 CITY_NOT_FOUND, no-store');
});

await show('fetchMore over relayStylePagination reads every request once, newest first', async () => {
  const client = open({ key: keys.registration, fields: { serviceRequests: relayStylePagination(['city', 'where', 'order']) } });
  const query = gql`
    query ApolloPages($city: String!, $first: Int!, $after: String) {
      serviceRequests(city: $city, first: $first, after: $after) {
        edges { cursor node { id title } }
        pageInfo { hasNextPage endCursor }
      }
    }
  `;
  const pages = Math.ceil(newestFirst.length / 7);
  const list = client.watchQuery({ query, variables: { city: 'nyc', first: 7 } });
  const shown = (condition) => firstValueFrom(list.pipe(filter((result) => result.dataState === 'complete' && condition(result.data.serviceRequests))));
  let { pageInfo } = (await shown(() => true)).data.serviceRequests;
  for (let page = 2; pageInfo.hasNextPage; page++) {
    assert.ok(page <= pages, 'paging ends');
    ({ pageInfo } = (await list.fetchMore({ variables: { after: pageInfo.endCursor } })).data.serviceRequests);
  }

  const whole = await shown((requests) => !requests.pageInfo.hasNextPage);
  assert.deepEqual(whole.data.serviceRequests.edges.map((edge) => edge.node.id), newestFirst);
  return assertExchanges(
    http.take(),
    'GET hash: 400 HC0020, no-store',
    'POST text and hash: 200 data, no-store',
    ...Array(pages - 1).fill('GET hash: 200 data, no-store'),
  );
});

await show('Over its quota a client is refused what is new, and answered what it registered', async () => {
  const ask = (name) => open({ key: keys.quota }).query({ query: gql(`query Apollo${name} { cities { slug } }`) });
  await ask('One');
  await ask('Two');
  assert.deepEqual(await codesOf(ask('Three')), ['REGISTRATION_QUOTA_EXCEEDED']);
  await ask('One');
  const registration = ['GET hash: 400 HC0020, no-store', 'POST text and hash: 200 data, no-store'];
  return assertExchanges(
    http.take(),
    ...registration,
    ...registration,
    'GET hash: 400 HC0020, no-store',
    'POST text and hash: 429 REGISTRATION_QUOTA_EXCEEDED, no-store',
    'GET hash: 200 data, no-store',
  );
});

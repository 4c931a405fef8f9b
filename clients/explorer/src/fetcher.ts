import type { Fetcher, FetcherParams } from '@graphiql/toolkit';
import { getOperationAST } from 'graphql';
import { createClient } from 'graphql-sse';

type Headers = Record<string, string> | undefined;

/** Asks the path that this page was served from, so the explorer works behind any host name and path prefix. */
export const fetcher: Fetcher = (request, options) => {
  const { documentAST, headers } = options ?? {};
  const operation = documentAST && getOperationAST(documentAST, request.operationName);
  return operation?.operation === 'subscription' ? follow(request, headers) : answer(request, headers);
};

/** The Accept header asks for the GraphQL-over-HTTP answer, where the status code tells whether the request was valid. */
async function answer(request: FetcherParams, headers: Headers) {
  const response = await fetch(window.location.pathname, {
    method: 'POST',
    headers: {
      'Content-Type': 'application/json',
      Accept: 'application/graphql-response+json',
      ...headers,
    },
    body: JSON.stringify(request),
  });
  const text = await response.text();
  try {
    return JSON.parse(text);
  } catch {
    // A proxy's error page, say. Its beginning tells more than "unexpected token <".
    throw new Error(`The server answered ${response.status} without JSON: ${text.slice(0, 200)}`);
  }
}

/**
 * The events of a subscription, over server-sent events: a WebSocket could not send the headers that are typed beside the operation.
 * After a broken connection it begins anew, and the server says so (RESYNC).
 */
function follow({ operationName, ...request }: FetcherParams, headers: Headers) {
  const client = createClient({ url: window.location.pathname, headers, retryAttempts: Infinity });
  return client.iterate({ ...request, operationName: operationName ?? undefined });
}

import type { Fetcher } from '@graphiql/toolkit';

/**
 * Posts to the path that this page was served from, so the explorer works behind any host name and path prefix.
 * The Accept header asks for the GraphQL-over-HTTP answer, where the status code tells whether the request was valid.
 */
export const fetcher: Fetcher = async (request, options) => {
  const response = await fetch(window.location.pathname, {
    method: 'POST',
    headers: {
      'Content-Type': 'application/json',
      Accept: 'application/graphql-response+json',
      ...options?.headers,
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
};

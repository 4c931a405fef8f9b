import 'graphiql/setup-workers/vite';
// The parts of graphiql/style.css, without its web fonts and its second copy of the editor's styles: 600 kB less.
import '@graphiql/react/style.css';
import '@graphiql/plugin-doc-explorer/style.css';
import '@graphiql/plugin-history/style.css';
import 'graphiql/graphiql.css';
import './explorer.css';

import { GraphiQL } from 'graphiql';
import { createRoot } from 'react-dom/client';

import { defaultQuery } from './defaultQuery';
import { fetcher } from './fetcher';

// GraphiQL brings the documentation explorer and the history along as its default plugins.
createRoot(document.getElementById('explorer')!).render(
  <GraphiQL fetcher={fetcher} defaultQuery={defaultQuery}>
    <GraphiQL.Logo>CityHelper</GraphiQL.Logo>
  </GraphiQL>,
);

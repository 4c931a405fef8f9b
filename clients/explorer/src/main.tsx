import 'graphiql/setup-workers/vite';
import 'graphiql/style.css';
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

import 'graphiql/setup-workers/vite';
// The parts of graphiql/style.css, without its web fonts and its second copy of the editor's styles: 600 kB less.
import '@graphiql/react/style.css';
import '@graphiql/plugin-doc-explorer/style.css';
import '@graphiql/plugin-history/style.css';
import 'graphiql/graphiql.css';
import './explorer.css';

import { HISTORY_PLUGIN } from '@graphiql/plugin-history';
import { GraphiQL } from 'graphiql';
import { createRoot } from 'react-dom/client';

import { defaultQuery } from './defaultQuery';
import { fetcher } from './fetcher';
import { OPERATIONS_PLUGIN } from './operations';

const plugins = [HISTORY_PLUGIN, OPERATIONS_PLUGIN];

// GraphiQL brings the documentation explorer along by itself. The variables are open from the start: an operation of the panel that needs some
// says there which.
createRoot(document.getElementById('explorer')!).render(
  <GraphiQL fetcher={fetcher} defaultQuery={defaultQuery} plugins={plugins} defaultEditorToolsVisibility="variables">
    <GraphiQL.Logo>CityHelper</GraphiQL.Logo>
  </GraphiQL>,
);

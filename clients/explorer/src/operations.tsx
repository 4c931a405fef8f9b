import { UnStyledButton, useGraphiQL, useGraphiQLActions, type GraphiQLPlugin } from '@graphiql/react';
import { useEffect, useState } from 'react';

import { requiredVariables } from './variables';

/** A published operation, as GET /graphql/explorer/operations tells it. */
interface PublishedOperation {
  name: string;
  client: string;
  /** The comment that its file begins with. */
  description: string | null;
  body: string;
}

// A list that needs no scrolling needs no searching.
const UNFILTERED_MAX = 10;

/** Fetches beside the page, wherever a host has it. */
async function fetchOperations(signal: AbortSignal): Promise<PublishedOperation[]> {
  const response = await fetch(`${window.location.pathname}/explorer/operations`, { signal });
  if (!response.ok) throw new Error(`The server answered ${response.status}.`);
  return response.json();
}

/** Opens operations in tabs of their own, ready to be run once the variables are filled in. */
function useOpen() {
  const { addTab, setOperationName } = useGraphiQLActions();
  const queryEditor = useGraphiQL((state) => state.queryEditor);
  const variableEditor = useGraphiQL((state) => state.variableEditor);
  const schema = useGraphiQL((state) => state.schema);
  return (operation: PublishedOperation) => {
    addTab();
    queryEditor?.setValue(operation.body);
    variableEditor?.setValue(requiredVariables(operation.body, schema));

    // The editor finds the name by itself a moment later; until then it would run that of the tab before.
    setOperationName(operation.name);
    queryEditor?.focus();
  };
}

function Operations() {
  const [operations, setOperations] = useState<PublishedOperation[]>();
  const [problem, setProblem] = useState<string>();
  const [filter, setFilter] = useState('');
  const open = useOpen();

  useEffect(() => {
    const leaving = new AbortController();
    fetchOperations(leaving.signal).then(setOperations, (error: Error) => {
      if (!leaving.signal.aborted) setProblem(error.message);
    });
    return () => leaving.abort();
  }, []);

  return (
    <section className="operations" aria-label="Operations">
      <div className="operations-header">Operations</div>
      {problem && <p role="alert">The published operations cannot be listed: {problem} Close and open this panel to try again.</p>}
      {operations?.length === 0 && <p>No operations are published on this server.</p>}
      {operations && operations.length > UNFILTERED_MAX && (
        <input
          type="search"
          aria-label="Filter operations"
          placeholder="Filter"
          value={filter}
          onChange={(event) => setFilter(event.target.value)}
        />
      )}
      {byClient(operations ?? [], filter).map(([client, ofClient]) => (
        <ClientOperations key={client} client={client} operations={ofClient} open={open} />
      ))}
    </section>
  );
}

interface ClientOperationsProps {
  client: string;
  operations: PublishedOperation[];
  open(operation: PublishedOperation): void;
}

function ClientOperations({ client, operations, open }: ClientOperationsProps) {
  return (
    <>
      <h2>{client}</h2>
      <ul>
        {operations.map((operation) => (
          <li key={operation.name}>
            <UnStyledButton type="button" onClick={() => open(operation)}>
              <span className="operations-name">{operation.name}</span>
              {operation.description && <span>{operation.description}</span>}
            </UnStyledButton>
          </li>
        ))}
      </ul>
    </>
  );
}

/** The clients in the order of their names, each with what of it holds the filter's words in its name or description. */
function byClient(operations: PublishedOperation[], filter: string): [string, PublishedOperation[]][] {
  const words = filter.toLowerCase().split(/\s+/);
  const clients = new Map<string, PublishedOperation[]>();
  for (const operation of operations) {
    const text = `${operation.client} ${operation.name} ${operation.description ?? ''}`.toLowerCase();
    if (words.every((word) => text.includes(word))) clients.set(operation.client, [...(clients.get(operation.client) ?? []), operation]);
  }

  return [...clients].sort(([one], [other]) => one.localeCompare(other));
}

const OperationsIcon = () => (
  <svg viewBox="0 0 24 24" fill="none" stroke="currentColor" strokeWidth="1.5" strokeLinecap="round" aria-hidden="true">
    <path d="M4 6h.01M8 6h12M4 12h.01M8 12h12M4 18h.01M8 18h12" />
  </svg>
);

/** The published operations of the server, as a panel of the explorer's side bar. */
export const OPERATIONS_PLUGIN: GraphiQLPlugin = { title: 'Operations', icon: OperationsIcon, content: Operations };

using Xunit;

// Tests run one at a time: nearly all share one PostgreSQL, and a request's allocations can be measured only when nothing else allocates.
[assembly: CollectionBehavior(DisableTestParallelization = true)]

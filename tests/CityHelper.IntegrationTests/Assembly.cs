using Xunit;

// One test after the other: nearly all share one PostgreSQL, and what a request allocates can only be told where nothing else allocates
// beside it.
[assembly: CollectionBehavior(DisableTestParallelization = true)]

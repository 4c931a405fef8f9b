using CityHelper.Engine.Cost;
using CityHelper.Engine.Documents;
using CityHelper.Engine.Lookups;
using CityHelper.Engine.Telemetry;
using Microsoft.Extensions.Caching.Memory;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace CityHelper.Engine.Clients;

/// <summary>Finds operations that are published while this server runs: in the shared store, by id. Compiles each once.</summary>
public sealed class StoredOperations : IDisposable
{
    private readonly OperationCompiler _compiler;
    private readonly CostAnalyser _costAnalyser;
    private readonly ILogger _logger;
    private readonly IOperationStore? _store;
    private readonly SingleFlightLookup<FoundOperation> _lookup;
    private readonly MemoryCache _found = new(Options.Create(new MemoryCacheOptions { SizeLimit = Limits.CachedTextCharsMax }));

    public StoredOperations(
        OperationCompiler compiler,
        CostAnalyser costAnalyser,
        TimeProvider time,
        ILogger<StoredOperations> logger,
        IOperationStore? store = null)
    {
        _compiler = compiler;
        _costAnalyser = costAnalyser;
        _logger = logger;
        _store = store;
        _lookup = new SingleFlightLookup<FoundOperation>(time, _found.Get<FoundOperation>, LookUpAsync);
    }

    /// <summary>Finds an operation in the store.</summary>
    /// <param name="id">The SHA-256 of its text, lower-case hex.</param>
    /// <param name="cancellation">Ends the waiting.</param>
    /// <returns>The operation; its errors if it does not fit the schema; null without a store, an answer or such an operation.</returns>
    public ValueTask<FoundOperation?> FindAsync(string id, CancellationToken cancellation) =>
        _store is null ? ValueTask.FromResult<FoundOperation?>(null) : _lookup.AskAsync(id, cancellation);

    public void Dispose()
    {
        _found.Dispose();
        _lookup.Dispose();
    }

    private async Task<Found<FoundOperation>> LookUpAsync(string id)
    {
        if (await _store!.FindPublishedAsync(id, CancellationToken.None) is not { } stored)
        {
            return default;
        }

        FoundOperation compiled = await FoundOperation.CompileAsync(
            _compiler, _costAnalyser, stored.Text, operationName: null, CancellationToken.None);
        if (compiled.Operation is null)
        {
            LogMessages.OperationDoesNotFit(_logger, id, stored.Client, stored.Name, compiled.Errors[0].Message);
            return new(compiled, IsKept: false);
        }

        _found.Set(id, compiled, new MemoryCacheEntryOptions { Size = stored.Text.Length });
        return new(compiled, IsKept: true);
    }
}

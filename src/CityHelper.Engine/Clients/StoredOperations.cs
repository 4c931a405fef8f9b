using CityHelper.Engine.Cost;
using CityHelper.Engine.Documents;
using CityHelper.Engine.Lookups;
using CityHelper.Engine.Telemetry;
using Microsoft.Extensions.Caching.Memory;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace CityHelper.Engine.Clients;

/// <summary>The operations that are published while this server runs: found in the shared store by id, compiled once.</summary>
public sealed class StoredOperations : IDisposable
{
    private readonly OperationCompiler _compiler;
    private readonly OperationAppraiser _appraiser;
    private readonly ILogger _logger;
    private readonly IOperationStore? _store;
    private readonly SharedLook<FoundOperation> _look;
    private readonly MemoryCache _found = new(Options.Create(new MemoryCacheOptions { SizeLimit = Limits.CachedTextCharsMax }));

    public StoredOperations(OperationCompiler compiler, OperationAppraiser appraiser, TimeProvider time, ILogger<StoredOperations> logger, IOperationStore? store = null)
    {
        _compiler = compiler;
        _appraiser = appraiser;
        _logger = logger;
        _store = store;
        _look = new SharedLook<FoundOperation>(time, _found.Get<FoundOperation>, LookAsync);
    }

    /// <summary>An operation of the store.</summary>
    /// <param name="id">The SHA-256 of its text, lower-case hex.</param>
    /// <param name="cancellation">Ends the waiting.</param>
    /// <returns>It; why it does not fit the schema; or null when the store does not have it, does not answer, or is none.</returns>
    public ValueTask<FoundOperation?> FindAsync(string id, CancellationToken cancellation) =>
        _store is null ? ValueTask.FromResult<FoundOperation?>(null) : _look.AskAsync(id, cancellation);

    public void Dispose()
    {
        _found.Dispose();
        _look.Dispose();
    }

    private async Task<Found<FoundOperation>> LookAsync(string id)
    {
        if (await _store!.FindPublishedAsync(id, CancellationToken.None) is not { } stored)
        {
            return default;
        }

        FoundOperation compiled = await FoundOperation.CompileAsync(_compiler, _appraiser, stored.Text, operationName: null, CancellationToken.None);
        if (compiled.Operation is null)
        {
            LogMessages.OperationDoesNotFit(_logger, id, stored.Client, stored.Name, compiled.Errors[0].Message);
            return new(compiled, IsKept: false);
        }

        _found.Set(id, compiled, new MemoryCacheEntryOptions { Size = stored.Text.Length });
        return new(compiled, IsKept: true);
    }
}

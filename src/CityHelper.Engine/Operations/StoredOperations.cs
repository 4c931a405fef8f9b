using CityHelper.Engine.Telemetry;
using Microsoft.Extensions.Caching.Memory;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace CityHelper.Engine.Operations;

/// <summary>The operations that are published while this server runs: found in the shared store by id, compiled once.</summary>
public sealed class StoredOperations : IDisposable
{
    private readonly OperationCompiler _compiler;
    private readonly ILogger _logger;
    private readonly IOperationStore? _store;
    private readonly SharedLook<CompiledOperation> _look;
    private readonly MemoryCache _found = new(Options.Create(new MemoryCacheOptions { SizeLimit = Limits.CachedTextCharsMax }));

    public StoredOperations(OperationCompiler compiler, TimeProvider time, ILogger<StoredOperations> logger, IOperationStore? store = null)
    {
        _compiler = compiler;
        _logger = logger;
        _store = store;
        _look = new SharedLook<CompiledOperation>(time, _found.Get<CompiledOperation>, LookAsync);
    }

    /// <summary>An operation of the store.</summary>
    /// <param name="id">The SHA-256 of its text, lower-case hex.</param>
    /// <param name="cancellation">Ends the waiting.</param>
    /// <returns>It; why it does not fit the schema; or null when the store does not have it, does not answer, or is none.</returns>
    public ValueTask<CompiledOperation?> FindAsync(string id, CancellationToken cancellation) =>
        _store is null ? ValueTask.FromResult<CompiledOperation?>(null) : _look.AskAsync(id, cancellation);

    public void Dispose()
    {
        _found.Dispose();
        _look.Dispose();
    }

    private async Task<Found<CompiledOperation>> LookAsync(string id)
    {
        if (await _store!.FindPublishedAsync(id, CancellationToken.None) is not { } stored)
        {
            return default;
        }

        CompiledOperation compiled = await _compiler.CompilePublishedAsync(stored.Text, operationName: null, CancellationToken.None);
        if (compiled.Operation is null)
        {
            LogMessages.OperationDoesNotFit(_logger, id, stored.Client, stored.Name, compiled.Errors[0].Message);
            return new(compiled, IsKept: false);
        }

        _found.Set(id, compiled, new MemoryCacheEntryOptions { Size = stored.Text.Length });
        return new(compiled, IsKept: true);
    }
}

using CityHelper.Engine.Cost;
using CityHelper.Engine.Documents;
using CityHelper.Engine.Lookups;
using CityHelper.Engine.Telemetry;
using Microsoft.Extensions.Caching.Memory;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace CityHelper.Engine.Clients;

/// <summary>Finds operations: published ones by id, before any text is parsed; free text through a bounded cache.</summary>
public sealed class OperationRegistry : IDisposable
{
    private readonly OperationCompiler _compiler;
    private readonly CostAnalyser _costAnalyser;
    private readonly ILogger _logger;
    private readonly StoredOperations? _stored;
    private readonly Coalescer<(string Text, string? Name), CompiledOperation> _compiling = new();
    private readonly MemoryCache _freeText = new(Options.Create(new MemoryCacheOptions { SizeLimit = Limits.CachedTextCharsMax }));
    private IReadOnlyDictionary<string, FoundOperation> _published = new Dictionary<string, FoundOperation>();

    public OperationRegistry(
        OperationCompiler compiler, CostAnalyser costAnalyser, ILogger<OperationRegistry> logger, StoredOperations? stored = null)
    {
        _compiler = compiler;
        _costAnalyser = costAnalyser;
        _logger = logger;
        _stored = stored;
    }

    /// <summary>The published operations.</summary>
    public IEnumerable<Operation> Published => _published.Values.Select(compiled => compiled.Operation!);

    /// <summary>The published operations as in their manifest, with client and text.</summary>
    public IReadOnlyList<ManifestOperation> Manifest { get; private set; } = [];

    /// <summary>Compiles the operations of a manifest and publishes them.</summary>
    /// <exception cref="InvalidDataException">The file is not a manifest, or operations do not fit the schema; all are listed.</exception>
    public async Task LoadAsync(string manifestPath, CancellationToken cancellation)
    {
        var published = new Dictionary<string, FoundOperation>(StringComparer.Ordinal);
        List<string> problems = [];
        IReadOnlyList<ManifestOperation> manifest = OperationManifest.Read(manifestPath).Operations;
        foreach (ManifestOperation entry in manifest)
        {
            FoundOperation compiled = await FoundOperation.CompileAsync(_compiler, _costAnalyser, entry.Body, entry.Name, cancellation);
            if (compiled.Operation is not null)
            {
                published[entry.Id] = compiled;
            }

            problems.AddRange(compiled.Errors.Select(e => $"{entry.Client}/{entry.Name}: {e.Message}"));
        }

        if (problems.Count > 0)
        {
            throw new InvalidDataException($"{manifestPath} holds operations that do not fit the schema:\n{string.Join('\n', problems)}");
        }

        _published = published;
        Manifest = manifest;
        LogMessages.OperationsLoaded(_logger, published.Count, manifestPath);
    }

    /// <summary>Finds a published operation: in the manifest, else in the store of operations published since.</summary>
    public async ValueTask<FoundOperation> FindAsync(string id, CancellationToken cancellation)
    {
        if (_published.TryGetValue(id, out FoundOperation? published))
        {
            return published;
        }

        bool valid = id.Length is > 0 and <= Limits.OperationIdCharsMax && id.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_');
        if (!valid)
        {
            return FoundOperation.Refused(new OperationIdInvalidError());
        }

        return (_stored is null ? null : await _stored.FindAsync(id, cancellation))
            ?? FoundOperation.Refused(new OperationUnknownError(id));
    }

    /// <summary>Compiles free text, unless the cache has it.</summary>
    public async ValueTask<CompiledOperation> CompileAsync(string text, string? operationName, CancellationToken cancellation)
    {
        (string, string?) key = (text, operationName);
        if (_freeText.TryGetValue(key, out CompiledOperation? known))
        {
            return known!;
        }

        // Coalesces concurrent compilations of one text: they must share one operation, because plans are cached by operation.
        return await _compiling.AskAsync(key, (_, ending) => CompileAsync(key, text, operationName, ending), cancellation);
    }

    public void Dispose() => _freeText.Dispose();

    private async Task<CompiledOperation> CompileAsync(
        (string, string?) key, string text, string? operationName, CancellationToken cancellation)
    {
        if (_freeText.TryGetValue(key, out CompiledOperation? known))
        {
            return known!;
        }

        CompiledOperation compiled = await _compiler.CompileAsync(text, operationName, cancellation);
        if (compiled.Operation is not null)
        {
            _freeText.Set(key, compiled, new MemoryCacheEntryOptions { Size = text.Length });
        }

        return compiled;
    }
}

using CityHelper.Engine.Execution;
using Microsoft.Extensions.Caching.Memory;
using Microsoft.Extensions.Options;

namespace CityHelper.Engine.Planning;

/// <summary>
/// The SQL of all plans by form, bounded by its characters for the whole process: a plan may be asked in many forms, and a large filter stands in
/// each of sixteen cells. What is asked for most recently stays.
/// </summary>
internal sealed class StatementCache : IDisposable
{
    private readonly MemoryCache _statements = new(Options.Create(new MemoryCacheOptions { SizeLimit = Limits.CachedStatementCharsMax, TrackStatistics = true }));

    /// <summary>Characters that are kept.</summary>
    public long Chars => _statements.GetCurrentStatistics()?.CurrentEstimatedSize ?? 0;

    /// <summary>The SQL of a statement in the form that a request needs.</summary>
    public CompiledStatement For(StatementPlan statement, RootRun run)
    {
        var key = (Statement: statement, Access: statement.AccessOf(run));
        if (!_statements.TryGetValue(key, out CompiledStatement? compiled))
        {
            compiled = statement.Compile(key.Access);
            _statements.Set(key, compiled, new MemoryCacheEntryOptions { Size = compiled.Sql.Length });
        }

        return compiled!;
    }

    public void Dispose() => _statements.Dispose();
}

using Microsoft.Extensions.Caching.Memory;
using Microsoft.Extensions.Options;
using Microsoft.Extensions.Primitives;

namespace CityHelper.Engine.Planning;

/// <summary>
/// Caches the SQL of all plans by access path, bounded by its characters for the whole process. A plan may be requested with many access
/// paths, and a large filter is repeated for each of sixteen cells. Recently used statements stay as long as their plan: a statement holds
/// a reference to its plan, which may be far larger.
/// </summary>
internal sealed class StatementCache : IDisposable
{
    private readonly MemoryCache _statements = new(
        Options.Create(new MemoryCacheOptions { SizeLimit = Limits.CachedStatementCharsMax, TrackStatistics = true }));

    /// <summary>How many characters are cached. For tests.</summary>
    public long Chars => _statements.GetCurrentStatistics()?.CurrentEstimatedSize ?? 0;

    /// <summary>How many statements are cached. For tests.</summary>
    public int Count => _statements.Count;

    /// <summary>The SQL of a statement for the access path that a request needs.</summary>
    /// <param name="statement">The statement.</param>
    /// <param name="values">The request's values.</param>
    /// <param name="planLife">Cancelled when the statement's plan leaves the cache.</param>
    public CompiledStatement For(StatementPlan statement, RootValues values, CancellationToken planLife)
    {
        var key = (Statement: statement, Access: statement.AccessOf(values));
        if (!_statements.TryGetValue(key, out CompiledStatement? compiled))
        {
            compiled = statement.Compile(key.Access);
            _statements.Set(
                key,
                compiled,
                new MemoryCacheEntryOptions { Size = compiled.Sql.Length }.AddExpirationToken(new CancellationChangeToken(planLife)));
        }

        return compiled!;
    }

    public void Dispose() => _statements.Dispose();
}

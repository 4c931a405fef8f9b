using Microsoft.Extensions.Caching.Memory;
using Microsoft.Extensions.Options;
using Microsoft.Extensions.Primitives;

namespace CityHelper.Engine.Planning;

/// <summary>
/// The SQL of all plans by form, bounded by its characters for the whole process: a plan may be asked in many forms, and a large filter
/// stands in each of sixteen cells. What is asked for most recently stays, as long as its plan does: a statement holds on to the plan,
/// which may be far larger.
/// </summary>
internal sealed class StatementCache : IDisposable
{
    private readonly MemoryCache _statements = new(Options.Create(new MemoryCacheOptions { SizeLimit = Limits.CachedStatementCharsMax, TrackStatistics = true }));

    /// <summary>Characters that are kept.</summary>
    public long Chars => _statements.GetCurrentStatistics()?.CurrentEstimatedSize ?? 0;

    /// <summary>How many statements are kept.</summary>
    public int Count => _statements.Count;

    /// <summary>The SQL of a statement in the form that a request needs.</summary>
    /// <param name="statement">The statement.</param>
    /// <param name="values">The request's values.</param>
    /// <param name="planLife">Cancelled when the statement's plan is kept no longer.</param>
    public CompiledStatement For(StatementPlan statement, RootValues values, CancellationToken planLife)
    {
        var key = (Statement: statement, Access: statement.AccessOf(values));
        if (!_statements.TryGetValue(key, out CompiledStatement? compiled))
        {
            compiled = statement.Compile(key.Access);
            _statements.Set(key, compiled, new MemoryCacheEntryOptions { Size = compiled.Sql.Length }.AddExpirationToken(new CancellationChangeToken(planLife)));
        }

        return compiled!;
    }

    public void Dispose() => _statements.Dispose();
}

using CityHelper.Engine.Cursors;

namespace CityHelper.Engine.Writing;

/// <summary>
/// The log positions of tenants, as the first statements of an answer's batches read them. All roots of the answer share them. A batch that
/// begins later is usually farther: the position of the answer is that of the batch which saw least.
/// </summary>
/// <param name="cursors">Signs them.</param>
internal sealed class LogPositions(LogPositionCursors cursors)
{
    private readonly Dictionary<short, Read> _ofTenants = [];

    /// <summary>
    /// Whether no position is true of the whole answer: two batches read in different epochs, whose numbers do not compare, or a later
    /// batch saw less than an earlier one, whose position may be written already.
    /// </summary>
    public bool IsTorn { get; private set; }

    /// <summary>Adds what a batch read of a tenant; the first position stays.</summary>
    /// <param name="tenant">The tenant.</param>
    /// <param name="position">Its position.</param>
    /// <param name="areas">The revision of its stored areas; null when it was not read.</param>
    public void Add(short tenant, LogPosition position, long? areas)
    {
        if (!_ofTenants.TryAdd(tenant, new Read(position, areas)))
        {
            Read known = _ofTenants[tenant];
            IsTorn |= position.Epoch != known.Position.Epoch || position.Number < known.Position.Number;
            _ofTenants[tenant] = known.Areas == areas ? known : known with { Areas = null };
        }
    }

    /// <summary>The position of a tenant; null when the log has none of it.</summary>
    public LogPosition? Of(short tenant) => _ofTenants.TryGetValue(tenant, out Read? read) ? read.Position : null;

    /// <summary>The revision of a tenant's stored areas in all batches; null when they differ, or it was not read.</summary>
    public long? AreasOf(short tenant) => _ofTenants.GetValueOrDefault(tenant)?.Areas;

    /// <summary>Writes a tenant's cursor as a JSON string.</summary>
    public void Write(short tenant, LogPosition position, JsonBuffer json)
    {
        cursors.Sign(tenant, position, json.BeginString(CursorSigner.CursorChars));
        json.FinishString(CursorSigner.CursorChars);
    }

    private sealed record Read(LogPosition Position, long? Areas);
}

/// <summary>The cursor of the row's tenant in its log; null when the log does not have the tenant.</summary>
/// <param name="ordinal">The column of the tenant's key, a bigint.</param>
internal sealed class LogPositionWriter(int ordinal) : ValueWriter
{
    public override WriteOutcome Write(WriteContext context)
    {
        short tenant = (short)context.Reader!.GetInt64(ordinal);
        if (context.Root.Log?.Of(tenant) is not { } position)
        {
            return WriteOutcome.Null;
        }

        context.Root.Log.Write(tenant, position, context.Json);
        return WriteOutcome.Written;
    }
}

using CityHelper.Engine.Cursors;

namespace CityHelper.Engine.Writing;

/// <summary>The log positions of tenants, as the first statement of a batch read them. All roots of the batch share them.</summary>
/// <param name="cursors">Signs them.</param>
internal sealed class LogPositions(LogPositionCursors cursors)
{
    private readonly Dictionary<short, LogPosition> _ofTenants = [];

    /// <summary>Adds the position of a tenant.</summary>
    public void Add(short tenant, LogPosition position) => _ofTenants[tenant] = position;

    /// <summary>The position of a tenant; null when the log has none of it.</summary>
    public LogPosition? Of(short tenant) => _ofTenants.TryGetValue(tenant, out LogPosition position) ? position : null;

    /// <summary>Writes a tenant's cursor as a JSON string.</summary>
    public void Write(short tenant, LogPosition position, JsonBuffer json)
    {
        cursors.Sign(tenant, position, json.BeginString(CursorSigner.CursorChars));
        json.FinishString(CursorSigner.CursorChars);
    }
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

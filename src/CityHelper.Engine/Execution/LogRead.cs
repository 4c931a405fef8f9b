using CityHelper.Engine.Binding;
using CityHelper.Engine.Cursors;
using CityHelper.Engine.Database;
using CityHelper.Engine.Planning;
using CityHelper.Engine.Writing;

namespace CityHelper.Engine.Execution;

/// <summary>
/// How the batches of an answer read its log positions: every batch reads those of all its tenants first. A position that only the batch of
/// its own row read would promise changes that the rows of earlier batches do not have.
/// </summary>
/// <param name="Statement">Reads them.</param>
/// <param name="Tenants">The tenants that the answer reads; null for all, where only the rows tell them.</param>
/// <param name="Positions">What all batches of the answer read.</param>
/// <param name="Source">Where they are read from.</param>
internal sealed record LogRead(LogStatement Statement, short[]? Tenants, LogPositions Positions, ReadSource Source)
{
    /// <summary>Whether the answer shows them as cursors.</summary>
    public bool IsShown { get; private init; }

    /// <summary>What the batches of an answer read.</summary>
    /// <param name="roots">All roots of the operation; rows that a loader reads are named by theirs.</param>
    /// <param name="statements">Read the positions.</param>
    /// <param name="cursors">Signs the positions.</param>
    /// <param name="mayUseReplicas">Whether they may be read from a replica.</param>
    public static LogRead Of(
        IEnumerable<BoundRoot> roots, LogStatements statements, LogPositionCursors cursors, bool mayUseReplicas = false)
    {
        BoundRoot[] read = [.. roots.Where(root => root.IsRead).SelectMany(root => root.All).Where(root => root.IsRead)];
        BoundRoot[] showing = [.. read.Where(root => root.Plan.ShowsLog)];
        bool isOfAll = showing.Any(root => root.Values.Tenant == 0 && root.Plan is not NodePlan);
        short[]? tenants = isOfAll ? null : [.. read.SelectMany(root => root.Tenants).Distinct()];
        LogStatement statement = statements.Of(tenants, withAreas: read.Any(root => root.Values.StoredArea is not null));
        return new LogRead(statement, tenants, new LogPositions(cursors), new ReadSource(mayUseReplicas))
        {
            IsShown = showing.Length > 0,
        };
    }
}

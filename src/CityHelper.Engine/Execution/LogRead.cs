using CityHelper.Engine.Binding;
using CityHelper.Engine.Cursors;
using CityHelper.Engine.Planning;
using CityHelper.Engine.Writing;

namespace CityHelper.Engine.Execution;

/// <summary>
/// The log positions that an answer shows, and how its batches read them: every batch reads them first, whichever of its rows show them.
/// A position that only the batch of its own row read would promise changes that the rows of earlier batches do not have.
/// </summary>
/// <param name="Statement">Reads them.</param>
/// <param name="Tenants">The tenants whose positions are shown; null for all, where they are known from their rows alone.</param>
/// <param name="Positions">What all batches of the answer read.</param>
internal sealed record LogRead(LogStatement Statement, short[]? Tenants, LogPositions Positions)
{
    /// <summary>The tenant of a root whose rows are of tenants that are not known before they are read.</summary>
    private const short NoTenant = 0;

    /// <summary>What the batches of an answer read; null where it shows no position.</summary>
    /// <param name="roots">All roots of the operation; rows that a loader reads are named by theirs.</param>
    /// <param name="cursors">Signs the positions.</param>
    public static LogRead? Of(IEnumerable<BoundRoot> roots, LogPositionCursors cursors)
    {
        BoundRoot[] read = [.. roots.Where(root => root.IsRead).SelectMany(root => root.All).Where(root => root.IsRead)];
        (LogStatement Statement, short Tenant)[] shown =
        [
            .. read.Where(root => root.Plan.Log is not null).Select(root => (root.Plan.Log!, root.Values.Tenant)),
            .. read.SelectMany(root => root.Nodes).Where(node => node.Error is null && node.Key is { Tenant: not null, Plan.Log: not null })
                .Select(node => (node.Key.Plan.Log!, node.Key.Tenant!.Value)),
        ];
        if (shown.Length == 0)
        {
            return null;
        }

        short[] tenants = [.. shown.Select(root => root.Tenant).Distinct()];
        return new LogRead(shown[0].Statement, tenants.Contains(NoTenant) ? null : tenants, new LogPositions(cursors));
    }
}

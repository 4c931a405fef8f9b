using CityHelper.Engine.Documents;
using CityHelper.Engine.Planning;
using CityHelper.Engine.Planning.Connections;
using CityHelper.Engine.Planning.Filters;
using CityHelper.Engine.Space;

namespace CityHelper.Engine.Binding;

/// <summary>A filter with the values of one request: what it leaves of time and place, and why it may not be asked.</summary>
/// <param name="filter">The filter.</param>
/// <param name="variables">The request's variables.</param>
/// <param name="partition">The key of the partition.</param>
/// <param name="context">Statistics and look-ups.</param>
internal sealed class BoundFilter(CompiledFilter filter, VariableValues variables, short partition, BindingContext context)
{
    /// <summary>What is known of the partition's rows, or null.</summary>
    public PartitionStatistics? Known { get; } = context.Statistics.Of(filter.Rows.Access.Entity.Table, partition);

    /// <summary>The creation times that it leaves.</summary>
    public CreationBounds Created { get; } = filter.Rows.Access.Created is { } created
        ? CreationBounds.Of(filter.Rows.Filter, filter.Node, created.Column, variables)
        : CreationBounds.All;

    /// <summary>The keys that those leave.</summary>
    public KeyRange Keys => Created.Keys(filter.Rows.Access);

    /// <summary>The rectangle that its spatial conditions leave of an area, null for everywhere; null when they leave all of it.</summary>
    public Area? LocationIn(Area? area) => filter.Rows.Access.Grid is { } grid
        && LocationBounds.Of(filter.Rows.Filter, filter.Node, grid.Point, variables, area?.Box) is { } box
        ? new ViewportArea(box)
        : null;

    /// <summary>Why a request's values cannot be compared with, or null: what is cheap to tell.</summary>
    public RequestError? Check()
    {
        for (int i = 0; i < filter.Checks.Count; i++)
        {
            if (filter.Checks[i](variables) is { } error)
            {
                return error;
            }
        }

        return null;
    }

    /// <summary>
    /// Why the shapes of an area and of the filter's geometries cannot be compared with, or null: asked after everything that is cheaper to
    /// refuse.
    /// </summary>
    /// <param name="area">The area that is asked for beside it; null without one.</param>
    /// <param name="budget">What the root's geometries take together.</param>
    /// <param name="cancellation">Ends the waiting, and look-ups.</param>
    public async ValueTask<RequestError?> CheckShapesAsync(Area? area, GeometryBudget budget, CancellationToken cancellation)
    {
        RequestError? error = area is null ? null : await area.CheckShapeAsync(budget, cancellation);
        for (int i = 0; i < filter.Comparisons.Count && error is null; i++)
        {
            error = await CheckAsync(filter.Comparisons[i], budget, cancellation);
        }

        return error;
    }

    /// <summary>Why the rows that its indexes leave are too many to be looked at one by one, or null.</summary>
    /// <param name="area">The share of the rows in the area that is asked for; 1 without one.</param>
    /// <param name="coordinate">The field that it filters.</param>
    /// <param name="small">An area that would be small enough.</param>
    public RequestError? CheckIndexes(Func<Estimation, double> area, string coordinate, string small = FilterNotIndexedError.SmallArea) =>
        filter.RowByRow.Count == 0 || Created.IsShort ? null
        : filter.Unserved.Count > 0 ? new FilterNotIndexedError(filter.Unserved, coordinate, small)
        : TooMany(area, Limits.ScanShareMax) is { } tooMany ? new FilterNotIndexedError(filter.RowByRow, tooMany, coordinate, small)
        : null;

    /// <summary>The same for rows below others, of which only how many there are at most is known before they are read.</summary>
    /// <param name="column">The column that names the parent.</param>
    /// <param name="parents">How many there may be.</param>
    /// <param name="coordinate">The field that it filters.</param>
    public RequestError? CheckIndexesBelow(string column, int parents, string coordinate)
    {
        if (filter.RowByRow.Count == 0 || Created.IsShort)
        {
            return null;
        }

        if (filter.Unserved.Count > 0 && parents > Limits.ScanParentsMax)
        {
            return new FilterNotIndexedError(filter.Unserved, coordinate);
        }

        double share = RowsRead.ShareOfLargest(Known, column, parents);
        return TooMany(_ => share, filter.Unserved.Count > 0 ? Limits.ScanParentsShareMax : Limits.ScanShareMax) is { } tooMany
            ? new FilterNotIndexedError(filter.RowByRow, tooMany, coordinate)
            : null;
    }

    /// <summary>The rows that the best of its indexes leaves, by the estimate; null when nothing is known of them.</summary>
    public double? RowsByIndex() => Known is { } known ? new RowsRead(filter, Estimate(known)).Left(Keys) : null;

    /// <summary>What the statistics say of its conditions.</summary>
    public Estimation Estimate(PartitionStatistics known) => new(variables, partition, known, filter.Universes);

    private async ValueTask<RequestError?> CheckAsync(SpatialComparison comparison, GeometryBudget budget, CancellationToken cancellation)
    {
        RequestError? invalid = await Validity.CheckAsync(
            comparison.Other.GeometryOf(variables), fault => new GeometryInvalidError(fault), budget, cancellation);
        return invalid is not null || comparison.Areas is not { } areas
            ? invalid
            : await AreaComparison.CheckAsync(
                comparison, variables, box => context.Lookups.OverlappingAsync(areas, partition, box, cancellation), budget, cancellation);
    }

    private TooManyRows? TooMany(Func<Estimation, double> area, double shareMax)
    {
        if (Known is null || filter.NamesRows)
        {
            return null;
        }

        Estimation estimation = Estimate(Known);
        return new RowsRead(filter, estimation).Check(Keys, area(estimation), shareMax);
    }
}

using CityHelper.Engine.Documents;
using CityHelper.Engine.Planning;
using CityHelper.Engine.Planning.Connections;
using CityHelper.Engine.Planning.Filters;
using CityHelper.Engine.Space;

namespace CityHelper.Engine.Binding;

/// <summary>A filter with the values of one request: its bounds in time and space, and why it is refused.</summary>
/// <param name="filter">The filter.</param>
/// <param name="variables">The request's variables.</param>
/// <param name="tenant">The tenant's key.</param>
/// <param name="context">Statistics and lookups.</param>
internal sealed class BoundFilter(CompiledFilter filter, VariableValues variables, short tenant, BindingContext context)
{
    /// <summary>The tenant's statistics, or null.</summary>
    public TenantStatistics? Known { get; } = context.Statistics.Of(filter.Rows.Access.Entity.Table, tenant);

    /// <summary>The bounds on creation time.</summary>
    public CreationBounds Created { get; } = filter.Rows.Access.Created is { } created
        ? CreationBounds.Of(filter.Rows.Filter, filter.Node, created.Column, variables)
        : CreationBounds.All;

    /// <summary>The same bounds as row keys.</summary>
    public KeyRange Keys => Created.Keys(filter.Rows.Access);

    /// <summary>The rectangle within an area (null for the world) that its spatial conditions allow; null when they allow all.</summary>
    public Area? LocationIn(Area? area) => filter.Rows.Access.Grid is { } grid
        && LocationBounds.Of(filter.Rows.Filter, filter.Node, grid.Point, variables, area?.Box) is { } box
        ? new ViewportArea(box)
        : null;

    /// <summary>Why the request's values are refused, or null. Only cheap checks.</summary>
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

    /// <summary>Why the polygons of an area and of the filter are refused, or null. Runs after all cheaper checks.</summary>
    /// <param name="area">The area of <c>within</c>; null without one.</param>
    /// <param name="budget">The work of all geometries of the root.</param>
    /// <param name="cancellation">Cancels waiting and lookups.</param>
    public async ValueTask<RequestError?> CheckShapesAsync(Area? area, GeometryBudget budget, CancellationToken cancellation)
    {
        RequestError? error = area is null ? null : await area.CheckShapeAsync(budget, cancellation);
        for (int i = 0; i < filter.Comparisons.Count && error is null; i++)
        {
            error = await CheckAsync(filter.Comparisons[i], budget, cancellation);
        }

        return error;
    }

    /// <summary>Why its indexes leave too many rows to filter row by row, or null.</summary>
    /// <param name="area">The share of the rows in the area; 1 without one.</param>
    /// <param name="coordinate">The schema coordinate of the filtered field.</param>
    /// <param name="small">An area that would be small enough.</param>
    public RequestError? CheckIndexes(Func<Estimation, double> area, string coordinate, string small = FilterNotIndexedError.SmallArea) =>
        filter.RowByRow.Count == 0 || Created.IsShort ? null
        : filter.Unserved.Count > 0 ? new FilterNotIndexedError(filter.Unserved, coordinate, small)
        : TooMany(area, Limits.ScanShareMax) is { } tooMany ? new FilterNotIndexedError(filter.RowByRow, tooMany, coordinate, small)
        : null;

    /// <summary>The same for nested rows: before they are read, only the maximum number of parents is known.</summary>
    /// <param name="column">The column that references the parent.</param>
    /// <param name="parents">The maximum number of parents.</param>
    /// <param name="coordinate">The schema coordinate of the filtered field.</param>
    public RequestError? CheckNestedIndexes(string column, int parents, string coordinate)
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

    /// <summary>The estimated number of rows that its best index leaves; null without statistics.</summary>
    public double? RowsByIndex() => Known is { } known ? new RowsRead(filter, Estimate(known)).Left(Keys) : null;

    /// <summary>The estimation of its conditions.</summary>
    public Estimation Estimate(TenantStatistics known) => new(variables, tenant, known, filter.Universes);

    private async ValueTask<RequestError?> CheckAsync(SpatialComparison comparison, GeometryBudget budget, CancellationToken cancellation)
    {
        RequestError? invalid = await Validity.CheckAsync(
            comparison.Other.GeometryOf(variables), fault => new GeometryInvalidError(fault), budget, cancellation);
        return invalid is not null || comparison.Areas is not { } areas
            ? invalid
            : await AreaComparison.CheckAsync(
                comparison, variables, box => context.Lookups.OverlappingAsync(areas, tenant, box, cancellation), budget, cancellation);
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

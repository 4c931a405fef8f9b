using CityHelper.Engine.Bindings;
using CityHelper.Engine.Cursors;
using CityHelper.Engine.Execution;
using CityHelper.Engine.Pricing;
using CityHelper.Engine.Space;
using CityHelper.Engine.Statistics;

namespace CityHelper.Engine.Planning;

/// <summary>A connection's page: of the partition that an argument names, or of the one that the row above stands for.</summary>
/// <param name="field">Its name and writer.</param>
/// <param name="question">What is asked.</param>
/// <param name="arguments">Its arguments.</param>
/// <param name="partition">The argument of the partition and its value; null below a row.</param>
/// <param name="filter">The compiled filter: what it says of the rows, and what must be checked of its values.</param>
/// <param name="context">Keys and statistics.</param>
/// <param name="needsCursors">Whether cursors are selected.</param>
internal sealed class ConnectionPlan(
    FieldWriter field,
    ConnectionQuestion question,
    ConnectionArguments arguments,
    (PartitionArgument Argument, InputNode Value)? partition,
    CompiledFilter filter,
    PlanningContext context,
    bool needsCursors) : RootPlan(field)
{
    private readonly RowAccess _access = question.Rows.Access;
    private readonly int[] _zooms = [.. question.Rows.Access.Grid?.Levels.Select(l => l.Zoom) ?? []];
    private readonly AccessChooser _chooser = new(question, filter);

    // Order matters: what is cheap to refuse comes before what looks at each edge of a polygon; a cursor belongs to a partition, the form depends on the area
    // and on the keys that the cursors leave.
    protected override async ValueTask BindOwnAsync(RootRun run, CancellationToken cancellation)
    {
        (run.PageRows, run.Error) = arguments.Page(run.Variables, mustBeGiven: false);
        if (run.Error is not null
            || (partition is { } p && !await PartitionOf.TryBindAsync(p.Argument, p.Value, run, cancellation)))
        {
            return;
        }

        run.Error = filter.Check(run)
            ?? (arguments.Area is { } within ? await within.BindAsync(run, cancellation) : null)
            ?? BindPlaces(run)
            ?? await filter.CheckShapesAsync(run, cancellation)
            ?? await BindCoverAsync(run, cancellation)
            ?? CheckIndexes(run);
        if (run.Error is null)
        {
            (run.Access, run.Keys.Window) = _chooser.Choose(run, context.Statistics.Of(_access.Entity.Table, run.Partition));

            // A count looks at all rows once more.
            run.CountedCost = run.CountedCost * (Count is null ? 1 : 2) + CountCost(run);
        }
    }

    // An exact count holds all rows of the cells against the polygon.
    private double CountCost(RootRun run)
    {
        if (Count is null || run.Area?.Sent is not { } polygon
            || context.Statistics.Of(_access.Entity.Table, run.Partition) is not { } statistics)
        {
            return 0;
        }

        var estimation = new Estimation(run, statistics, []);
        return ValueWeights.OfRowsHeldAgainst(polygon, run.Cover.Level >= 0
            ? estimation.ShareOf(run.Cover, _access.Grid!.Levels[run.Cover.Level].Column)
            : estimation.ShareOf(run.Area, _access.Grid!.Levels[0].Column));
    }

    private async ValueTask<RequestError?> BindCoverAsync(RootRun run, CancellationToken cancellation)
    {
        // Of two places the smaller one says better where to look.
        run.Cover = await GeometryWork.RunAsync(
            run.Area?.Positions ?? 0,
            () => new[] { run.Area, filter.LocationOf(run) }.OfType<Area>().Select(area => area.Cover(_zooms))
                .MaxBy(cover => (cover.Level, -cover.Cells.Count)) ?? CellCover.None,
            cancellation);
        return null;
    }

    private RequestError? BindPlaces(RootRun run)
    {
        if (needsCursors || question.HasAfter || question.HasBefore)
        {
            run.Cursors = new CursorSeal(context.CursorKeys, arguments.Question(run.Partition, question.Order, run.Variables, run.AreaKey));
        }

        (run.After, run.Before, RequestError? error) = arguments.Places(run.Cursors, run.Variables);
        run.Keys = new KeyRanges(filter.Created(run.Variables).Keys(_access), question.Order, run.After, run.Before);
        return error;
    }

    // What only a request's values tell: whether its time or its area is small enough to be read row by row.
    private RequestError? CheckIndexes(RootRun run)
    {
        // The coarsest cells are as large as a city: sixteen of them are 30 kilometres square.
        if (run.Cover.Level <= 0 && filter.CheckIndexes(run, context.Statistics, AreaShare, arguments.Coordinate) is { } notIndexed)
        {
            return notIndexed;
        }

        double AreaShare(Estimation estimation) => _access.Grid is { } grid && run.Cover.Level >= 0 ? estimation.ShareOf(run.Cover, grid.Levels[run.Cover.Level].Column) : 1;

        bool isShort = filter.Created(run.Variables).IsShort;
        bool isSmall = run.Cover.Level >= 0 && run.Cover.Level == _zooms.Length - 1;
        return question is { HasArea: true, Order.Kind: not OrderKind.Key } && !isShort && !isSmall
            ? new OrderNotIndexedError(question.Order.Name, "beside `within`, add a `createdAt` range of at most a month, or a smaller area", arguments.Coordinate)
            : null;
    }
}

/// <summary>What planning needs beside the operation.</summary>
/// <param name="CursorKeys">The keys of cursors.</param>
/// <param name="Statistics">What is known of the rows.</param>
/// <param name="Time">The clock, for what is due.</param>
internal sealed record PlanningContext(CursorKeys CursorKeys, ITableStatistics Statistics, TimeProvider Time);

/// <summary>A filter, compiled once to know what it says.</summary>
internal sealed class CompiledFilter
{
    private readonly ConnectionRows _rows;
    private readonly InputNode? _filter;
    private readonly IReadOnlyList<Func<RootRun, RequestError?>> _checks;
    private readonly IReadOnlyList<ShapeCheck> _shapeChecks;
    private readonly IReadOnlyList<string> _unserved;
    private readonly RowsRead _rowsRead;

    /// <exception cref="PlanException">The filter is larger than the limits allow.</exception>
    public CompiledFilter(ConnectionRows rows, InputNode? filter)
    {
        _rows = rows;
        _filter = filter;
        var statement = new StatementBuilder(Access.Only);
        Conditions = new FilterCompiler(statement, rows.Access).Compile(rows.Filter, filter);
        _checks = statement.Checks;
        _shapeChecks = statement.ShapeChecks;
        _unserved = IndexService.Unserved(rows.Access, rows.Filter, filter);
        RowByRow = IndexService.RowByRow(rows.Access, rows.Filter, filter);
        _rowsRead = new RowsRead(rows.Access, rows.Row, Conditions);
    }

    /// <summary>The values that the indexed columns may have.</summary>
    public IReadOnlyList<ValueUniverse> Universes => _rowsRead.Universes;

    /// <summary>Its conditions. Their SQL names parameters of no statement; each statement compiles its own.</summary>
    public IReadOnlyList<Condition> Conditions { get; }

    /// <summary>The fields that are looked at row by row.</summary>
    public IReadOnlyList<string> RowByRow { get; }

    /// <summary>Why the rows that its indexes leave are too many to be looked at one by one, or null.</summary>
    /// <param name="run">A request's values.</param>
    /// <param name="known">What is known of the rows.</param>
    /// <param name="area">The share of the rows in the area that is asked for; 1 without one.</param>
    /// <param name="coordinate">The field that it filters.</param>
    /// <param name="small">An area that would be small enough.</param>
    public RequestError? CheckIndexes(RootRun run, ITableStatistics known, Func<Estimation, double> area, string coordinate, string small = FilterNotIndexedError.SmallArea) =>
        RowByRow.Count == 0 || Created(run.Variables) is { IsShort: true } ? null
        : _unserved.Count > 0 ? new FilterNotIndexedError(_unserved, coordinate, small)
        : TooMany(run, known, area, Limits.ScanShareMax) is { } tooMany ? new FilterNotIndexedError(RowByRow, tooMany, coordinate, small)
        : null;

    /// <summary>The rows that the best of its indexes leaves, by the estimate; null when nothing is known of them.</summary>
    /// <param name="run">A request's values.</param>
    /// <param name="known">What is known of the rows.</param>
    public double? RowsByIndex(RootRun run, ITableStatistics known) => known.Of(_rows.Access.Entity.Table, run.Partition) is { } statistics
        ? _rowsRead.Left(run, statistics, Created(run.Variables).Keys(_rows.Access))
        : null;

    /// <summary>The same for rows below others, of which only how many there are at most is known before they are read.</summary>
    /// <param name="run">A request's values.</param>
    /// <param name="known">What is known of the rows.</param>
    /// <param name="column">The column that names the parent.</param>
    /// <param name="parents">How many there may be.</param>
    /// <param name="coordinate">The field that it filters.</param>
    public RequestError? CheckIndexesBelow(RootRun run, ITableStatistics known, string column, int parents, string coordinate)
    {
        if (RowByRow.Count == 0 || Created(run.Variables).IsShort)
        {
            return null;
        }

        if (_unserved.Count > 0 && parents > Limits.ScanParentsMax)
        {
            return new FilterNotIndexedError(_unserved, coordinate);
        }

        double share = RowsRead.ShareOfLargest(known.Of(_rows.Access.Entity.Table, run.Partition), column, parents);
        return TooMany(run, known, _ => share, _unserved.Count > 0 ? Limits.ScanParentsShareMax : Limits.ScanShareMax) is { } tooMany
            ? new FilterNotIndexedError(RowByRow, tooMany, coordinate)
            : null;
    }

    private TooManyRows? TooMany(RootRun run, ITableStatistics known, Func<Estimation, double> area, double shareMax) => _rowsRead.Check(
        run, known.Of(_rows.Access.Entity.Table, run.Partition), Created(run.Variables).Keys(_rows.Access), area, shareMax);

    /// <summary>The creation times that it leaves.</summary>
    public CreationBounds Created(Operations.VariableValues variables) => _rows.Access.Created is { } created
        ? CreationBounds.Of(_rows.Filter, _filter, created.Column, variables)
        : CreationBounds.All;

    /// <summary>The rectangle that its spatial conditions leave of a request's area; null for all of it.</summary>
    public Area? LocationOf(RootRun run) => _rows.Access.Grid is { } grid
        && LocationBounds.Of(_rows.Filter, _filter, grid.Point, run.Variables, run.Area?.Box) is { } box
        ? new ViewportArea(box)
        : null;

    /// <summary>Why a request's values cannot be compared with, or null: what is cheap to tell.</summary>
    public RequestError? Check(RootRun run) => _checks.Select(check => check(run)).FirstOrDefault(error => error is not null);

    /// <summary>Why the shapes of a request's area and geometries cannot be compared with, or null: asked after everything that is cheaper to refuse.</summary>
    public async ValueTask<RequestError?> CheckShapesAsync(RootRun run, CancellationToken cancellation)
    {
        RequestError? error = run.Area is { } area ? await area.CheckShapeAsync(run, cancellation) : null;
        for (int i = 0; i < _shapeChecks.Count && error is null; i++)
        {
            error = await _shapeChecks[i](run, cancellation);
        }

        return error;
    }
}

using System.Globalization;
using CityHelper.Engine.Bindings;
using CityHelper.Engine.Cursors;
using CityHelper.Engine.Execution;
using CityHelper.Engine.Space;

namespace CityHelper.Engine.Planning.Nearby;

/// <summary>A page of the rows around a position.</summary>
/// <param name="field">Its name and writer.</param>
/// <param name="question">What is asked.</param>
/// <param name="arguments">The arguments that it shares with other connections.</param>
/// <param name="partition">The argument of the partition and its value.</param>
/// <param name="filter">The compiled filter.</param>
/// <param name="context">Keys and statistics.</param>
/// <param name="needsCursors">Whether cursors are selected.</param>
internal sealed class NearbyPlan(
    FieldWriter field,
    NearbyQuestion question,
    ConnectionArguments arguments,
    (PartitionArgument Argument, InputNode Value) partition,
    CompiledFilter filter,
    PlanningContext context,
    bool needsCursors) : RootPlan(field)
{
    private readonly RowAccess _access = question.Rows.Access;
    private readonly int[] _zooms = [.. question.Rows.Access.Grid!.Levels.Select(l => l.Zoom)];
    private readonly NearbyChooser _chooser = new(question, filter);

    protected override async ValueTask BindOwnAsync(RootRun run, CancellationToken cancellation)
    {
        (run.PageRows, run.Error) = arguments.Page(run.Variables, mustBeGiven: false);
        if (run.Error is not null || !await PartitionOf.TryBindAsync(partition.Argument, partition.Value, run, cancellation))
        {
            return;
        }

        run.Error = CheckCircle(run) ?? filter.Check(run) ?? CheckIndexes(run) ?? BindPlace(run) ?? await filter.CheckShapesAsync(run, cancellation);
        if (run.Error is null)
        {
            // The cells are an estimate of how many rows there are; the rows are found by their distance.
            CellCover cover = CellCover.Of(question.CircleOf(run.Variables), _zooms);
            run.Access = _chooser.Choose(run, cover, context.Statistics.Of(_access.Entity.Table, run.Partition));
        }
    }

    private RequestError? CheckCircle(RootRun run)
    {
        if (question.Position.Check(run.Variables, arguments.Coordinate) is { } error)
        {
            return error;
        }

        return question.MetresOf(run.Variables) is > 0 and <= Limits.NearbyMetresMax
            ? null
            : new DistanceInvalidError(NearbyBinding.MetresArgument, Limits.NearbyMetresMax, arguments.Coordinate);
    }

    private RequestError? CheckIndexes(RootRun run) => question.MetresOf(run.Variables) <= Limits.NearbyScanMetresMax ? null : filter.CheckIndexes(
        run,
        context.Statistics,
        estimation => CellCover.Of(question.CircleOf(run.Variables), _zooms) is { Level: >= 0 } cover ? estimation.ShareOf(cover, _access.Grid!.Levels[cover.Level].Column) : 1,
        arguments.Coordinate,
        $"a `{NearbyBinding.MetresArgument}` of at most {Limits.NearbyScanMetresMax.ToString(CultureInfo.InvariantCulture)}");

    private RequestError? BindPlace(RootRun run)
    {
        if (needsCursors || question.HasAfter)
        {
            (double longitude, double latitude) = question.Position.Of(run.Variables);
            string circle = string.Create(CultureInfo.InvariantCulture, $"|{longitude:R} {latitude:R} {question.MetresOf(run.Variables):R}");
            run.Cursors = new CursorSeal(context.CursorKeys, arguments.Question(run.Partition, NearbyQuestion.Order, run.Variables) + circle);
        }

        (run.After, _, RequestError? error) = arguments.Places(run.Cursors, run.Variables);
        run.Keys = new KeyRanges(filter.Created(run.Variables).Keys(_access), NearbyQuestion.Order, after: null, before: null);
        return error;
    }
}

using CityHelper.Engine.Space;
using Npgsql;

namespace CityHelper.Engine.Subscriptions;

/// <summary>A change as judged in memory, which may have left open whether its row was or is in an area.</summary>
/// <param name="Topic">What it was judged by.</param>
/// <param name="Change">The change.</param>
/// <param name="Verdict">The verdict.</param>
internal readonly record struct OpenVerdict(Topic Topic, RowChange Change, Verdict Verdict);

/// <summary>
/// Decides what memory could not: points within 1 % of a circle's radius, where a sphere and the spheroid may differ, and all points of an
/// area with too many edges at one latitude.
/// </summary>
/// <param name="tools">Asks the database.</param>
internal sealed class UndecidedPoints(EventTools tools)
{
    /// <summary>The verdicts, decided. Asks the database for all that are open together; not at all if none is.</summary>
    /// <exception cref="NpgsqlException">The database does not answer.</exception>
    public async Task<Verdict[]> DecideAsync(IReadOnlyList<OpenVerdict> verdicts, CancellationToken cancellation)
    {
        Verdict[] decided = [.. verdicts.Select(one => one.Verdict)];
        IGrouping<object, TestedPoint>[] areas = [.. verdicts.SelectMany(PointsOf).GroupBy(point => point.Area.Identity)];
        if (areas.Length == 0)
        {
            return decided;
        }

        IReadOnlyList<HashSet<int>> inside = await tools.TestAsync(
            [.. areas.Select(area => (area.First().Area, (IReadOnlyList<(double, double)>)[.. area.Select(point => point.Point)]))],
            cancellation);
        foreach ((IGrouping<object, TestedPoint> area, HashSet<int> found) in areas.Zip(inside))
        {
            foreach ((int i, TestedPoint point) in area.Index())
            {
                ref Verdict verdict = ref decided[point.Of];
                verdict = point.IsBefore ? verdict with { Was = found.Contains(i) } : verdict with { Is = found.Contains(i) };
            }
        }

        return decided;
    }

    private static IEnumerable<TestedPoint> PointsOf(OpenVerdict open, int number)
    {
        (Topic topic, RowChange change, Verdict verdict) = open;
        if (verdict.Was is null)
        {
            yield return new TestedPoint(topic.Area!, number, IsBefore: true, LocationOf(change.Before));
        }

        if (verdict.Is is null)
        {
            yield return new TestedPoint(topic.Area!, number, IsBefore: false, LocationOf(change.After));
        }
    }

    // A row without a location is never left open.
    private static (double X, double Y) LocationOf(RowState? row) => (row!.Longitude!.Value, row.Latitude!.Value);

    private readonly record struct TestedPoint(Area Area, int Of, bool IsBefore, (double X, double Y) Point);
}

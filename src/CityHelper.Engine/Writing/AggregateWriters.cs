using System.Globalization;
using CityHelper.Engine.Space;

namespace CityHelper.Engine.Writing;

/// <summary>The aggregates of a root; null with an error when reading them timed out.</summary>
internal sealed class AggregateRootWriter(ValueWriter value) : ValueWriter
{
    public override WriteOutcome Write(WriteContext context) => context.Root.TotalCountError is { } error
        ? context.Fail(error)
        : value.Write(context);
}

/// <summary>A whole number of the aggregates, or of one item.</summary>
internal sealed class AggregateNumberWriter(Func<WriteContext, long> number) : ValueWriter
{
    public override WriteOutcome Write(WriteContext context)
    {
        context.Json.WriteNumber(number(context));
        return WriteOutcome.Written;
    }
}

/// <summary>A real number of the aggregates; null where there is none.</summary>
internal sealed class AggregateRealWriter(Func<AggregateSet, double?> number) : ValueWriter
{
    public override WriteOutcome Write(WriteContext context)
    {
        if (number(context.Root.Aggregates) is not { } value)
        {
            return WriteOutcome.Null;
        }

        context.Json.WriteNumber(value);
        return WriteOutcome.Written;
    }
}

/// <summary>A list of aggregates.</summary>
/// <param name="items">Selects the items.</param>
/// <param name="item">Writes <see cref="WriteContext.Aggregate"/>.</param>
internal sealed class AggregateListWriter(Func<WriteContext, IEnumerable<AggregateItem>> items, ObjectWriter item) : ValueWriter
{
    public override WriteOutcome Write(WriteContext context)
    {
        int start = context.Json.Length;
        context.Json.WriteByte((byte)'[');
        int count = 0;
        foreach (AggregateItem aggregate in items(context))
        {
            if (count > 0)
            {
                context.Json.WriteByte((byte)',');
            }

            context.Aggregate = aggregate;
            int errorsBefore = context.Errors.Count;
            WriteOutcome outcome = item.Write(context);
            context.Locate(errorsBefore, count);
            if (outcome != WriteOutcome.Written)
            {
                context.Json.CutBackTo(start);
                return WriteOutcome.Failed;
            }

            count++;
        }

        context.Json.WriteByte((byte)']');
        return WriteOutcome.Written;
    }
}

/// <summary>The label of a group.</summary>
internal sealed class AggregateLabelWriter : ValueWriter
{
    public override WriteOutcome Write(WriteContext context)
    {
        if (context.Aggregate.Label is not { } label)
        {
            return WriteOutcome.Null;
        }

        WriteText(context.Json, label);
        return WriteOutcome.Written;
    }

    internal static void WriteText(JsonBuffer json, string ascii)
    {
        Span<byte> space = json.BeginString(ascii.Length);
        System.Text.Encoding.ASCII.GetBytes(ascii, space);
        json.FinishString(ascii.Length);
    }
}

/// <summary>The first day of a period.</summary>
internal sealed class AggregatePeriodWriter : ValueWriter
{
    public override WriteOutcome Write(WriteContext context)
    {
        AggregateLabelWriter.WriteText(context.Json, context.Aggregate.Period.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture));
        return WriteOutcome.Written;
    }
}

/// <summary>The row of a small table that a group shows; null for the group without one.</summary>
/// <param name="number">The number of the selection.</param>
internal sealed class AggregateReferenceWriter(int number) : ValueWriter
{
    public override WriteOutcome Write(WriteContext context) =>
        context.Aggregate.Key is { } key && context.Root.Aggregates.References[number].TryGetValue(key, out RowOutput? row)
            ? row.WriteSingle(context)
            : WriteOutcome.Null;
}

/// <summary>The mean location of a cluster: <c>[longitude, latitude]</c>, or a bounding box of that point.</summary>
internal sealed class ClusterCentreWriter(PointPart part) : ValueWriter
{
    private const decimal Scale = 10_000_000m;

    public override WriteOutcome Write(WriteContext context)
    {
        ClusterAggregates cluster = context.Aggregate.Cluster;
        (double x, double y) = (Degrees(cluster.LongitudeSum, cluster.Count), Degrees(cluster.LatitudeSum, cluster.Count));
        double[] numbers = part == PointPart.Box ? [x, y, x, y] : [x, y];
        NumbersWriter.Write(context.Json, numbers);
        return WriteOutcome.Written;
    }

    // Rounded to seven decimals, about a centimetre, as the sums are.
    private static double Degrees(decimal sum, long count) => (double)Math.Round(sum / (count * Scale), 7);
}

/// <summary>The cell of a cluster: <c>[west, south, east, north]</c>.</summary>
internal sealed class ClusterBoundsWriter : ValueWriter
{
    public override WriteOutcome Write(WriteContext context)
    {
        Viewport box = TileRange.BoxOf(context.Aggregate.Cluster.Cell);
        NumbersWriter.Write(context.Json, [Down(box.West), Down(box.South), Up(box.East), Up(box.North)]);
        return WriteOutcome.Written;

        // Rounded outwards to seven decimals, about a centimetre, so that all rows of the cell lie within.
        static double Down(double degrees) => Math.Floor(degrees * 1e7) / 1e7;
        static double Up(double degrees) => Math.Ceiling(degrees * 1e7) / 1e7;
    }
}

/// <summary>Clusters, unless there are too many.</summary>
internal sealed class ClusterLimitWriter(ValueWriter list) : ValueWriter
{
    public override WriteOutcome Write(WriteContext context) => context.Root.Aggregates.Clusters.Count > Limits.ClustersMax
        ? context.Fail(new TooManyClustersError())
        : list.Write(context);
}

/// <summary>Writes numbers as a JSON array.</summary>
internal static class NumbersWriter
{
    public static void Write(JsonBuffer json, ReadOnlySpan<double> numbers)
    {
        json.WriteByte((byte)'[');
        for (int i = 0; i < numbers.Length; i++)
        {
            if (i > 0)
            {
                json.WriteByte((byte)',');
            }

            json.WriteNumber(numbers[i]);
        }

        json.WriteByte((byte)']');
    }
}

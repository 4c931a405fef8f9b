using System.Globalization;
using CityHelper.Engine.Space;

namespace CityHelper.Engine.Writing;

/// <summary>The figures of a root; null with an error when they could not be read in time.</summary>
internal sealed class FigureRootWriter(ValueWriter value) : ValueWriter
{
    public override WriteOutcome Write(WriteContext context) => context.Root.TotalCountError is { } error
        ? context.Fail(error)
        : value.Write(context);
}

/// <summary>A whole number of the figures, or of one of them.</summary>
internal sealed class FigureNumberWriter(Func<WriteContext, long> number) : ValueWriter
{
    public override WriteOutcome Write(WriteContext context)
    {
        context.Json.WriteNumber(number(context));
        return WriteOutcome.Written;
    }
}

/// <summary>A real number of the figures; null where there is none.</summary>
internal sealed class FigureRealWriter(Func<FigureSet, double?> number) : ValueWriter
{
    public override WriteOutcome Write(WriteContext context)
    {
        if (number(context.Root.Figures) is not { } value)
        {
            return WriteOutcome.Null;
        }

        context.Json.WriteNumber(value);
        return WriteOutcome.Written;
    }
}

/// <summary>A list of figures.</summary>
/// <param name="items">Which ones.</param>
/// <param name="item">Writes <see cref="WriteContext.Figure"/>.</param>
internal sealed class FigureListWriter(Func<WriteContext, IEnumerable<FigureItem>> items, ObjectWriter item) : ValueWriter
{
    public override WriteOutcome Write(WriteContext context)
    {
        context.Json.WriteByte((byte)'[');
        int count = 0;
        foreach (FigureItem figure in items(context))
        {
            if (count > 0)
            {
                context.Json.WriteByte((byte)',');
            }

            context.Figure = figure;
            int errorsBefore = context.Errors.Count;
            WriteOutcome outcome = item.Write(context);
            context.Locate(errorsBefore, count);
            if (outcome != WriteOutcome.Written)
            {
                return WriteOutcome.Failed;
            }

            count++;
        }

        context.Json.WriteByte((byte)']');
        return WriteOutcome.Written;
    }
}

/// <summary>The label that a figure counts.</summary>
internal sealed class FigureLabelWriter : ValueWriter
{
    public override WriteOutcome Write(WriteContext context)
    {
        if (context.Figure.Label is not { } label)
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

/// <summary>The first day of the period that a figure counts.</summary>
internal sealed class FigurePeriodWriter : ValueWriter
{
    public override WriteOutcome Write(WriteContext context)
    {
        FigureLabelWriter.WriteText(context.Json, context.Figure.Period.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture));
        return WriteOutcome.Written;
    }
}

/// <summary>The row of a small table that a figure counts; null for those that have none.</summary>
/// <param name="number">The number of the place.</param>
internal sealed class FigureReferenceWriter(int number) : ValueWriter
{
    public override WriteOutcome Write(WriteContext context) =>
        context.Figure.Key is { } key && context.Root.Figures.References[number].TryGetValue(key, out RowOutput? row)
            ? row.WriteSingle(context)
            : WriteOutcome.Null;
}

/// <summary>The centre of mass of a cluster: <c>[longitude, latitude]</c>, or twice that as a box.</summary>
internal sealed class ClusterCentreWriter(PointPart part) : ValueWriter
{
    private const decimal Scale = 10_000_000m;

    public override WriteOutcome Write(WriteContext context)
    {
        ClusterFigures cluster = context.Figure.Cluster;
        (double x, double y) = (Degrees(cluster.LongitudeSum, cluster.Count), Degrees(cluster.LatitudeSum, cluster.Count));
        double[] numbers = part == PointPart.Box ? [x, y, x, y] : [x, y];
        NumbersWriter.Write(context.Json, numbers);
        return WriteOutcome.Written;
    }

    // To a centimetre, as the sums are.
    private static double Degrees(decimal sum, long count) => (double)Math.Round(sum / (count * Scale), 7);
}

/// <summary>The cell of a cluster: <c>[west, south, east, north]</c>.</summary>
internal sealed class ClusterBoundsWriter : ValueWriter
{
    public override WriteOutcome Write(WriteContext context)
    {
        Viewport box = TileRange.BoxOf(context.Figure.Cluster.Cell);
        NumbersWriter.Write(context.Json, [Down(box.West), Down(box.South), Up(box.East), Up(box.North)]);
        return WriteOutcome.Written;

        // Seven decimals, a centimetre, outwards: all rows of the cell lie in it.
        static double Down(double degrees) => Math.Floor(degrees * 1e7) / 1e7;
        static double Up(double degrees) => Math.Ceiling(degrees * 1e7) / 1e7;
    }
}

/// <summary>Clusters, unless there are too many.</summary>
internal sealed class ClusterLimitWriter(ValueWriter list) : ValueWriter
{
    public override WriteOutcome Write(WriteContext context) => context.Root.Figures.Clusters.Count > Limits.ClustersMax
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

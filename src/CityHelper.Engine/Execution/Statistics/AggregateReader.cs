using CityHelper.Engine.Planning;
using CityHelper.Engine.Planning.Statistics;
using CityHelper.Engine.Schema.Bindings;
using CityHelper.Engine.Writing;
using Npgsql;

namespace CityHelper.Engine.Execution.Statistics;

/// <summary>Reads the result sets of aggregate statements.</summary>
internal static class AggregateReader
{
    /// <summary>Reads the current result set to its end.</summary>
    public static Task ReadAsync(StatementPlan statement, NpgsqlDataReader reader, RootExecution root, CancellationToken cancellation) =>
        statement switch
        {
            CountStatement counts => ReadAsync(counts, reader, root.Rows.Aggregates, cancellation),
            PeriodStatement periods => ReadAsync(periods, reader, root.Rows.Aggregates, cancellation),
            ExactDurationStatement => ReadDurationsAsync(reader, root.Rows.Aggregates, cancellation),
            EstimatedDurationStatement => ReadEstimateAsync(reader, root.Rows.Aggregates, cancellation),
            OverdueStatement => ReadOverdueAsync(reader, root.Rows.Aggregates, cancellation),
            ReferenceStatement rows => ReadAsync(rows, reader, root, cancellation),
            ClusterStatement => ReadClustersAsync(reader, root.Rows.Aggregates, cancellation),
            _ => throw new InvalidOperationException($"Nobody reads a {statement.GetType().Name}."),
        };

    private static async Task ReadAsync(
        CountStatement statement, NpgsqlDataReader reader, AggregateSet aggregates, CancellationToken cancellation)
    {
        foreach (CountDimension dimension in statement.Dimensions)
        {
            aggregates.ByDimension[dimension.Column] = [];
        }

        while (await reader.ReadAsync(cancellation))
        {
            int set = reader.GetInt32(0);
            long count = reader.GetInt64(1);
            if (set == 0)
            {
                aggregates.Total = count;
                continue;
            }

            int column = set + 1;
            bool isLabel = reader.GetFieldType(column) == typeof(string);
            aggregates.ByDimension[statement.Dimensions[set - 1].Column].Add(
                reader.IsDBNull(column) ? (null, null, count)
                : isLabel ? (reader.GetString(column), null, count)
                : (null, reader.GetInt32(column), count));
        }
    }

    private static async Task ReadAsync(
        PeriodStatement statement, NpgsqlDataReader reader, AggregateSet aggregates, CancellationToken cancellation)
    {
        foreach (string unit in statement.Units)
        {
            aggregates.ByPeriod[unit] = [];
        }

        while (await reader.ReadAsync(cancellation))
        {
            aggregates.ByPeriod[statement.Units[reader.GetInt32(0)]].Add((reader.GetFieldValue<DateOnly>(1), reader.GetInt64(2)));
        }
    }

    private static async Task ReadDurationsAsync(NpgsqlDataReader reader, AggregateSet aggregates, CancellationToken cancellation)
    {
        await reader.ReadAsync(cancellation);
        long count = reader.GetInt64(0);
        long[] milliseconds = count == 0 ? [] : reader.GetFieldValue<long[]>(1);
        aggregates.Durations = count == 0
            ? new DurationAggregates(0, null, null, 0)
            : new DurationAggregates(count, milliseconds[0] / 1000.0, milliseconds[1] / 1000.0, 0);
    }

    private static async Task ReadEstimateAsync(NpgsqlDataReader reader, AggregateSet aggregates, CancellationToken cancellation)
    {
        await reader.ReadAsync(cancellation);
        aggregates.Durations = reader.IsDBNull(0)
            ? new DurationAggregates(0, null, null, EstimatedDurationStatement.RelativeError)
            : new DurationAggregates(
                reader.GetInt64(0),
                EstimatedDurationStatement.Middle(reader.GetInt16(1)),
                EstimatedDurationStatement.Middle(reader.GetInt16(2)),
                EstimatedDurationStatement.RelativeError);
    }

    private static async Task ReadOverdueAsync(NpgsqlDataReader reader, AggregateSet aggregates, CancellationToken cancellation)
    {
        await reader.ReadAsync(cancellation);
        aggregates.Overdue = reader.GetInt64(0);
    }

    private static async Task ReadAsync(
        ReferenceStatement statement, NpgsqlDataReader reader, RootExecution root, CancellationToken cancellation)
    {
        Dictionary<long, RowOutput> rows = [];
        root.Rows.Aggregates.References[statement.Number] = rows;
        while (await reader.ReadAsync(cancellation))
        {
            StatementReader.ReadSingle(rows, reader.GetInt64(statement.KeyOrdinal), statement.Row, reader, root);
        }
    }

    private static async Task ReadClustersAsync(NpgsqlDataReader reader, AggregateSet aggregates, CancellationToken cancellation)
    {
        while (await reader.ReadAsync(cancellation))
        {
            aggregates.Clusters.Add(new ClusterAggregates(
                reader.GetInt64(0), reader.GetInt64(1), (long)reader.GetDouble(2), (long)reader.GetDouble(3), reader.GetInt32(4)));
        }
    }
}

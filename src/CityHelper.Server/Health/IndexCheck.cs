using CityHelper.Engine.Schema.Bindings;
using CityHelper.Engine.Telemetry;
using CityHelper.Server.Telemetry;
using GraphQL.Types;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Npgsql;

namespace CityHelper.Server.Health;

/// <summary>
/// Checks at start and every five minutes that the indexes exist which plans rely on. One that is missing, invalid or without a column
/// makes the server slow and no answer wrong: it is logged, <c>/health</c> reports it as degraded, and the server goes on. Each check opens
/// its own connection, because admission counts the reading connections.
/// </summary>
internal sealed class IndexCheck(ISchema schema, string connectionString, TimeProvider time, ILogger<IndexCheck> logger)
    : BackgroundService, IHealthCheck
{
    private const string IndexesSql =
        """
        select t.relname::text, i.relname::text, x.indisvalid and x.indisready,
               array(select a.attname::text from unnest(x.indkey::int2[]) with ordinality k (number, place)
                     join pg_attribute a on a.attrelid = x.indrelid and a.attnum = k.number order by k.place),
               x.indnkeyatts::int
        from pg_index x
        join pg_class t on t.oid = x.indrelid
        join pg_class i on i.oid = x.indexrelid
        join pg_am m on m.oid = i.relam
        where t.relnamespace = 'public'::regnamespace and t.relname = any($1) and m.amname = 'btree'
          and x.indpred is null and x.indexprs is null
        """;

    private readonly IReadOnlyList<RequiredIndex> _required = RequiredIndex.Of(schema);

    // Named, because Npgsql labels the metrics of a pool without a name with its connection string: host, database and user.
    private readonly NpgsqlDataSourceBuilder _database = new(new NpgsqlConnectionStringBuilder(connectionString)
    {
        ApplicationName = "cityhelper indexes",
        Pooling = false,
        Timeout = Limits.HealthCheckMs / 1_000,
        CommandTimeout = Limits.HealthCheckMs / 1_000,
    }.ConnectionString)
    {
        Name = "indexes",
    };

    private volatile IReadOnlyList<string> _problems = [];

    public Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default) =>
        Task.FromResult(_problems.Count == 0 ? HealthCheckResult.Healthy() : HealthCheckResult.Degraded(string.Join(' ', _problems)));

    /// <summary>Compares the required indexes with PostgreSQL's catalogue.</summary>
    /// <returns>One sentence for each index that is not as required.</returns>
    /// <exception cref="NpgsqlException">The database does not answer.</exception>
    public async Task<IReadOnlyList<string>> ProblemsAsync(CancellationToken cancellation)
    {
        await using NpgsqlDataSource database = _database.Build();
        await using NpgsqlConnection connection = await database.OpenConnectionAsync(cancellation);
        await using var command = new NpgsqlCommand(IndexesSql, connection);
        command.Parameters.Add(new() { Value = _required.Select(index => index.Table).Distinct().ToArray() });
        await using NpgsqlDataReader reader = await command.ExecuteReaderAsync(cancellation);
        List<FoundIndex> found = [];
        while (await reader.ReadAsync(cancellation))
        {
            string[] columns = reader.GetFieldValue<string[]>(3);
            int keys = reader.GetInt32(4);
            found.Add(new FoundIndex(reader.GetString(0), reader.GetString(1), reader.GetBoolean(2), columns[..keys], columns[keys..]));
        }

        // Skips missing tables, which the migrations create. An existing table is always found, by its primary key.
        return
        [
            .. _required
                .Where(required => found.Any(f => f.Table == required.Table))
                .Select(required => Problem(required, found))
                .OfType<string>(),
        ];
    }

    /// <summary>Runs the first check before the server listens; it takes no longer than a check may.</summary>
    public override async Task StartAsync(CancellationToken cancellationToken)
    {
        await CheckAsync(cancellationToken);
        await base.StartAsync(cancellationToken);
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(TimeSpan.FromSeconds(Engine.Limits.StatisticsRefreshSeconds), time);
        while (await timer.WaitForNextTickAsync(stoppingToken))
        {
            await CheckAsync(stoppingToken);
        }
    }

    private async Task CheckAsync(CancellationToken cancellation)
    {
        try
        {
            IReadOnlyList<string> problems = await ProblemsAsync(cancellation);
            foreach (string problem in problems.Except(_problems))
            {
                LogMessages.IndexNotAsRequired(logger, problem);
            }

            _problems = problems;
        }
        catch (NpgsqlException)
        {
            // A database that does not answer says nothing about its indexes; its own check reports it.
        }
    }

    private static string? Problem(RequiredIndex required, IEnumerable<FoundIndex> found)
    {
        FoundIndex[] keyed = [.. found.Where(f => f.Table == required.Table && f.Keys.SequenceEqual(required.Columns))];
        if (keyed.Length == 0)
        {
            return $"The index on {required} is missing: run `cityhelper migrate`; if it reports an error, follow its message.";
        }

        FoundIndex best = keyed.OrderByDescending(f => f.IsValid).ThenBy(f => required.Included.Except(f.Included).Count()).First();
        string[] lacking = [.. required.Included.Except(best.Included)];
        return lacking.Length > 0 ? $"The index {best.Name} on {required} lacks {string.Join(", ", lacking)}."
            : !best.IsValid
                ? $"The index {best.Name} on {required} is not valid: a partition lacks its part of it; create it there and attach it."
            : null;
    }

    private sealed record FoundIndex(string Table, string Name, bool IsValid, string[] Keys, string[] Included);
}

/// <summary>The log message of the check.</summary>
internal static partial class LogMessages
{
    [LoggerMessage(EventIds.IndexNotAsRequired, LogLevel.Warning,
        "{Problem} Operations that rely on this index read more rows than they need")]
    public static partial void IndexNotAsRequired(ILogger logger, LogText problem);
}

using System.Globalization;
using System.Text.Json;
using CityHelper.IntegrationTests.Reading;
using CityHelper.IntegrationTests.Serving;

namespace CityHelper.IntegrationTests.Statistics;

/// <summary>A statistics question: as GraphQL input, and as the condition that a person would write in SQL.</summary>
/// <param name="Within">The area, or null.</param>
/// <param name="Where">The filter, or null.</param>
/// <param name="Sql">Both, as a condition on rows.</param>
internal sealed record StatisticsQuestion(object? Within, object? Where, string Sql)
{
    /// <summary>Whether the area is a circle so near a pole that its cells are those of a band.</summary>
    public bool IsPolar => JsonSerializer.SerializeToElement(Within) is { ValueKind: JsonValueKind.Object } within
        && within.TryGetProperty("circle", out JsonElement circle) && Math.Abs(circle.GetProperty("latitude").GetDouble()) >= 85;

    public override string ToString() => JsonSerializer.Serialize(new { Within, Where });
}

/// <summary>
/// Random questions: with and without an area, over times that begin and end within days, at midnights and on days when clocks change.
/// </summary>
/// <param name="random">The source of randomness.</param>
/// <param name="boundaries">Areas with an id.</param>
internal sealed class RandomQuestions(Random random, IReadOnlyList<RandomAreas.Drawn> boundaries)
{
    private static readonly string[] s_statuses =
    [
        "OPEN", "ASSIGNED", "IN_PROGRESS", "PENDING", "RESOLVED", "CLOSED", "CANCELLED", "DUPLICATE",
    ];

    private static readonly TimeZoneInfo s_zone = TimeZoneInfo.FindSystemTimeZoneById("America/New_York");

    private readonly RandomAreas _areas = new(random);

    public StatisticsQuestion Next()
    {
        RandomAreas.Drawn? area = random.Next(5) switch { 0 => null, 1 => boundaries[random.Next(boundaries.Count)], _ => _areas.Next() };
        Dictionary<string, object> where = [];
        List<string> conditions = [area?.Sql ?? "true"];
        AddTime(where, conditions);
        AddDimensions(where, conditions);
        AddOther(where, conditions, hasArea: area is not null);
        return new StatisticsQuestion(area?.Input, where.Count == 0 ? null : where, string.Join(" and ", conditions));
    }

    private void AddTime(Dictionary<string, object> where, List<string> conditions)
    {
        if (random.Next(3) == 0)
        {
            return;
        }

        DateTime[] ends = [.. new[] { Moment(), Moment() }.Order()];
        Dictionary<string, object> created = [];
        if (random.Next(4) > 0)
        {
            (string operation, string sql) = random.Next(3) switch { 0 => ("gt", ">"), 1 => ("nlt", ">="), _ => ("gte", ">=") };
            created[operation] = ends[0];
            conditions.Add($"created_at {sql} '{ends[0]:O}'");
        }

        if (random.Next(4) > 0)
        {
            (string operation, string sql) = random.Next(3) switch { 0 => ("lte", "<="), 1 => ("ngte", "<"), _ => ("lt", "<") };
            created[operation] = ends[1];
            conditions.Add($"created_at {sql} '{ends[1]:O}'");
        }

        where["createdAt"] = created;
    }

    // Midnights of months and years, days when clocks change, and any millisecond.
    private DateTime Moment()
    {
        int year = random.Next(2017, 2027);
        DateTime local = random.Next(5) switch
        {
            0 => new DateTime(year, 1, 1),
            1 => new DateTime(year, random.Next(1, 13), 1),
            2 => new DateTime(year, random.Next(2) == 0 ? 3 : 11, random.Next(1, 16)),
            _ => new DateTime(year, 1, 1).AddMilliseconds(random.NextInt64(365L * 24 * 3600 * 1000)),
        };
        return local.Millisecond == 0 || !s_zone.IsInvalidTime(local)
            ? TimeZoneInfo.ConvertTimeToUtc(local, s_zone)
            : DateTime.SpecifyKind(local, DateTimeKind.Utc);
    }

    private void AddDimensions(Dictionary<string, object> where, List<string> conditions)
    {
        if (random.Next(3) == 0)
        {
            string[] statuses = [.. s_statuses.Where(_ => random.Next(3) == 0).DefaultIfEmpty("CLOSED")];
            where["status"] = new { @in = statuses };
            conditions.Add($"status::text in ({string.Join(", ", statuses.Select(s => $"'{s}'"))})");
        }

        if (random.Next(4) == 0)
        {
            string code = RequestRows.CategoryCodes[random.Next(3)];
            where["category"] = new { code = new { eq = code } };
            conditions.Add($"category_id = (select c.id from category c where c.city_id = 1 and c.code = '{code}')");
        }

        if (random.Next(4) == 0)
        {
            where["agency"] = new { code = new { neq = "HPD" } };
            conditions.Add("agency_id in (select a.id from agency a where a.city_id = 1 and a.code <> 'HPD')");
        }
    }

    // Conditions without counters, combined with conditions that have an index.
    private void AddOther(Dictionary<string, object> where, List<string> conditions, bool hasArea)
    {
        switch (random.Next(8))
        {
            case 0:
                where["and"] = new object[]
                {
                    new { title = new { endsWith = "3" } },
                    new { category = new { code = new { @in = RequestRows.CategoryCodes } } },
                };
                conditions.Add("title like '%3'");
                break;
            case 1:
                where["or"] = new object[]
                {
                    new { status = new { eq = "OPEN" } },
                    new { createdAt = new { lt = "2020-01-01T00:00:00Z" } },
                };
                conditions.Add("(status = 'OPEN' or created_at < '2020-01-01 00:00+00')");
                break;
            case 2 or 3 when !hasArea:
                double x = PlacedRows.Longitude + (random.NextDouble() - 0.5) * 0.02;
                where["location"] = new
                {
                    x = new { gte = x, lte = x + 0.01 },
                    y = new { gte = PlacedRows.Latitude - 0.01, lt = PlacedRows.Latitude + 0.005 },
                };
                conditions.Add(
                    string.Create(
                        CultureInfo.InvariantCulture,
                        $"st_x(location) between {x:R} and {x + 0.01:R} and st_y(location) >= {PlacedRows.Latitude - 0.01:R} and "
                            + $"st_y(location) < {PlacedRows.Latitude + 0.005:R}"));
                break;
        }
    }
}

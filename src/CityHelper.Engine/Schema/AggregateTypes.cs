using CityHelper.Engine.Schema.Bindings;
using GraphQL;
using GraphQL.Types;
using GraphQLParser.AST;

namespace CityHelper.Engine.Schema;

/// <summary>A day without a time or a zone (RFC 3339 full-date), such as <c>2026-10-31</c>.</summary>
public sealed class LocalDateType : ScalarGraphType
{
    public LocalDateType()
    {
        Name = "LocalDate";
        Description = "A day without a time or a zone (RFC 3339 full-date), such as `2026-10-31`.";
        this.ApplyDirective("specifiedBy", "url", "https://scalars.graphql.org/chillicream/local-date.html");
    }

    // For output only; the plan writes the values.
    public override object? ParseLiteral(GraphQLValue value) => ThrowLiteralConversionError(value);

    public override object? ParseValue(object? value) => ThrowValueConversionError(value);
}

/// <summary>How many rows were created in a period.</summary>
public sealed class PeriodCountType : ObjectGraphType
{
    public PeriodCountType()
    {
        Name = "PeriodCount";
        Description = "How many were created in a day, week or month.";
        this.WithMetadata(EngineTypes.WrittenByEngine, true);
        Field<NonNullGraphType<LocalDateType>>("period")
            .Description("The first day of the period, in the zone of the place; weeks begin on Monday (ISO 8601).");
        Field<NonNullGraphType<IntGraphType>>("count").Description("How many.");
    }
}

/// <summary>How long rows took until they were closed.</summary>
public sealed class DurationStatsType : ObjectGraphType
{
    public DurationStatsType()
    {
        Name = "DurationStats";
        Description = "How long the closed ones took.";
        this.WithMetadata(EngineTypes.WrittenByEngine, true);
        Field<NonNullGraphType<IntGraphType>>("count").Description("How many were closed.");
        Field<FloatGraphType>("medianSeconds").Description("Seconds within which half of them were; null when none was.");
        Field<FloatGraphType>("p90Seconds").Description("Seconds within which nine in ten of them were; null when none was.");
        Field<NonNullGraphType<FloatGraphType>>("relativeError").Description(
            "By how much of the exact seconds those above may differ from them: 0 where they are exact; about 0.05 over large areas and "
                + "long times, where they come from counters by logarithmic buckets.");
    }
}

/// <summary>How many rows have one value of a dimension, such as one category.</summary>
public sealed class GroupCountType : ObjectGraphType
{
    internal GroupCountType(FieldType shown)
    {
        string name = char.ToUpperInvariant(shown.Name[0]) + shown.Name[1..];
        Name = name + "Count";
        Description = $"How many there are of one {shown.Name}.";
        this.WithMetadata(EngineTypes.WrittenByEngine, true);
        AddField(new FieldType { Name = shown.Name, Type = shown.Type, Description = shown.Description });
        Field<NonNullGraphType<IntGraphType>>("count").Description("How many.");
    }
}

/// <summary>Statistics of rows: in all, by dimension, by time, and the time until closing.</summary>
public sealed class StatsType : ObjectGraphType
{
    public const string Total = "total";
    public const string Open = "open";
    public const string Overdue = "overdue";
    public const string Duration = "timeToClose";
    public const string First = "first";

    internal StatsType(string name, CountedRows counted)
    {
        Name = name;
        Description = "How many there are, of what, since when, and how long they take. Counts are exact.";
        this.WithMetadata(EngineTypes.WrittenByEngine, true);
        Field<NonNullGraphType<IntGraphType>>(Total).Description("How many in all.");
        Field<NonNullGraphType<IntGraphType>>(Open)
            .Description($"How many are open: {string.Join(", ", counted.Done.OpenLabels.Select(label => $"`{label}`"))}.");
        Field<NonNullGraphType<IntGraphType>>(Overdue).Description("How many are open and should be done by now.");
        foreach (CountDimension dimension in counted.Dimensions)
        {
            AddGroups(counted, dimension);
        }

        foreach ((string field, string unit) in Periods)
        {
            Field<NonNullGraphType<ListGraphType<NonNullGraphType<PeriodCountType>>>>(field)
                .Description($"How many were created each {unit}, oldest first. Each {unit} without any is left out.");
        }

        Field<NonNullGraphType<DurationStatsType>>(Duration).Description("How long the closed ones took.");
    }

    /// <summary>The fields by time, with their units for <c>date_trunc</c>.</summary>
    internal static IReadOnlyList<(string Field, string Unit)> Periods { get; } =
        [("byDay", "day"), ("byWeek", "week"), ("byMonth", "month")];

    /// <summary>The field that counts by a dimension.</summary>
    internal static string FieldOf(CountDimension dimension) => "by" + char.ToUpperInvariant(dimension.Field[0]) + dimension.Field[1..];

    private void AddGroups(CountedRows counted, CountDimension dimension)
    {
        FieldType shown = counted.Rows.Row.Fields.Find(dimension.Field)!;
        AddField(new FieldType
        {
            Name = FieldOf(dimension),
            ResolvedType = new NonNullGraphType(new ListGraphType(new NonNullGraphType(new GroupCountType(shown)))),
            Description = $"How many there are of each {dimension.Field}, most first; those that none has are left out.",
            Arguments = new QueryArguments(new QueryArgument<IntGraphType>
            {
                Name = First,
                Description = $"How many of the most frequent to return, at most {Limits.AggregateGroupsMax}; that many when left out.",
            }),
        });
    }
}

/// <summary>The rows of one cell of a map.</summary>
public sealed class ClusterType : ObjectGraphType
{
    public const string Count = "count";
    public const string Location = "location";
    public const string Bounds = "bounds";

    internal ClusterType(string name, FieldType top)
    {
        TopField = "top" + char.ToUpperInvariant(top.Name[0]) + top.Name[1..];
        Name = name;
        Description = "What lies in one cell of a map.";
        this.WithMetadata(EngineTypes.WrittenByEngine, true);
        Field<NonNullGraphType<IntGraphType>>(Count).Description("How many.");
        Field<NonNullGraphType<GeoJsonPointType>>(Location).Description("Their centre of mass.");
        Field<NonNullGraphType<ListGraphType<NonNullGraphType<FloatGraphType>>>>(Bounds).Description(
            "The cell as `[west, south, east, north]`, as GeoJSON's bbox has it: all of them lie in it.");
        AddField(new FieldType { Name = TopField, Type = top.Type, Description = $"The most frequent {top.Name}." });
    }

    /// <summary>The field that shows the most frequent value of a dimension.</summary>
    internal string TopField { get; }
}

using System.Globalization;
using CityHelper.Engine.Schema.Bindings;
using Npgsql;
using NpgsqlTypes;

namespace CityHelper.Engine.Planning.Filters;

/// <summary>The operations on one column: as SQL, and as a test of a known value.</summary>
/// <remarks>Every n-operation is the exact negation of its positive form, and a positive form is false for a row without a value.</remarks>
internal sealed class LeafConditions(StatementBuilder statement)
{
    private static readonly DateTimeOffset s_lastMicrosecond = DateTimeOffset.MaxValue.AddTicks(-TimeSpan.TicksPerMicrosecond);

    private int _conditions;
    private int _parts;

    /// <summary>One operation on a column; null when it restricts nothing.</summary>
    /// <exception cref="PlanException">More than <see cref="Limits.FilterConditionsMax"/> conditions.</exception>
    /// <param name="column">The column.</param>
    /// <param name="operation">The operation's name.</param>
    /// <param name="value">The value to compare with.</param>
    /// <param name="computed">SQL of the row's side of the comparison where it is computed from the column.</param>
    public Condition? Of(ColumnMap column, string operation, InputNode value, string? computed = null)
    {
        Count();
        string row = computed ?? $"{Condition.Row}.{column.Name}";
        if (value.IsNull)
        {
            return OfNull(column, operation);
        }

        string sql = operation is "in" or "nin"
            ? List(column, row, operation, value)
            : Comparison(row, operation, Parameter(column, value, operation), column);
        return new Condition(sql, [column.Name])
        {
            Holds = TextTest(column, operation, value),
            ListColumn = operation == "in" ? column.Name : null,
        };
    }

    /// <summary>One operation on a row's global id; ids of other tenants name no row of this one.</summary>
    public Condition? OfId(EntityMap entity, string operation, InputNode value)
    {
        Count();
        string row = entity.RowKey(Condition.Row);
        if (value.IsNull)
        {
            // Every row has an id; a list that is null restricts nothing.
            return operation switch
            {
                "neq" => new Condition("true", []) { Holds = (_, _) => true },
                "nin" => null,
                _ => Condition.Never,
            };
        }

        statement.Check(variables =>
            (value.Evaluate(variables) is List<object?> ids ? ids : [value.Evaluate(variables)])
                .Where(id => id is not null)
                .All(id => entity.ParseId(id as string ?? "") is not null)
                ? null
                : new IdInvalidError(entity.Name));
        string keys = statement.Parameter(
            value,
            values =>
                StatementBuilder.Typed(
                    NpgsqlDbType.Array | NpgsqlDbType.Bigint, Keys(values.Tenant, value.Evaluate(values.Variables)).ToArray()));

        // The scalar keeps an index's order. An id of another tenant leaves the array empty, and a missing element is null.
        string sql = operation switch
        {
            "eq" => $"{row} = ({keys})[1]",
            "neq" => $"{row} is distinct from ({keys})[1]",
            "in" => $"{row} = any({keys})",
            _ => $"{row} <> all({keys})",
        };
        return new Condition(sql, [entity.RowColumn])
        {
            NamesRows = operation is "eq" or "in",
            ListColumn = operation == "in" ? entity.RowColumn : null,
            Holds = (estimation, known) => estimation.Set(value, given => Keys(estimation.Tenant, given).ToHashSet())
                .Contains(long.Parse(known[entity.RowColumn]!, CultureInfo.InvariantCulture)) == operation is "eq" or "in",
        };
    }

    /// <summary>The parameter of a value for an operation.</summary>
    public string Parameter(ColumnMap column, InputNode value, string operation)
    {
        Func<DateTimeOffset, DateTimeOffset> rounding = operation switch
        {
            "lt" or "nlt" or "gte" or "ngte" => RoundUp,
            "eq" or "neq" => moment => IsStorable(moment) ? moment : DateTimeOffset.MaxValue,
            _ => moment => moment,
        };
        return statement.Parameter((value, rounding.Method), values => Typed(
            column, value.Evaluate(values.Variables) is DateTimeOffset moment ? rounding(moment) : value.Evaluate(values.Variables)!));
    }

    // PostgreSQL stores microseconds. A moment between two is rounded up for `lt` and `gte`, and equals no stored moment.
    private static bool IsStorable(DateTimeOffset moment) => moment.Ticks % TimeSpan.TicksPerMicrosecond == 0;

    private static DateTimeOffset RoundUp(DateTimeOffset moment) => IsStorable(moment) || moment > s_lastMicrosecond
        ? moment
        : moment.AddTicks(TimeSpan.TicksPerMicrosecond - moment.Ticks % TimeSpan.TicksPerMicrosecond);

    /// <summary>
    /// The parameter of a list without its nulls: one array whatever its length, so that the length is not part of the plan.
    /// </summary>
    public string List(ColumnMap column, InputNode value) => statement.Parameter(value, values => TypedArray(column, Items(value, values)));

    /// <summary>A Boolean parameter.</summary>
    public string Flag(InputNode value)
    {
        Count();
        return statement.Parameter(value, values => StatementBuilder.Typed(NpgsqlDbType.Boolean, (bool)value.Evaluate(values.Variables)!));
    }

    /// <summary>Counts a part of the filter that is no condition itself: one that joins conditions, or filters a list.</summary>
    /// <exception cref="PlanException">More than <see cref="Limits.FilterPartsMax"/> of them.</exception>
    public void CountPart()
    {
        if (++_parts > Limits.FilterPartsMax)
        {
            throw new PlanException(new OperationTooLargeError($"The filter has more than {Limits.FilterPartsMax} parts: use fewer."));
        }
    }

    /// <summary>Counts a condition.</summary>
    public void Count()
    {
        if (++_conditions > Limits.FilterConditionsMax)
        {
            throw new PlanException(
                new OperationTooLargeError($"The filter has more than {Limits.FilterConditionsMax} conditions: use fewer."));
        }
    }

    private static Condition? OfNull(ColumnMap column, string operation) => operation switch
    {
        "eq" => new Condition($"{Condition.Row}.{column.Name} is null", [column.Name]) { Holds = (_, row) => row[column.Name] is null },
        "neq" => new Condition($"{Condition.Row}.{column.Name} is not null", [column.Name])
        {
            Holds = (_, row) => row[column.Name] is not null,
        },

        // A comparison with null holds for no row, and its negation excludes none.
        _ when operation.StartsWith('n') => null,
        _ => Condition.Never,
    };

    private static string Comparison(string row, string operation, string parameter, ColumnMap column) => operation switch
    {
        "eq" => $"{row} = {parameter}",
        "neq" when !column.IsNullable => $"{row} <> {parameter}",
        "gt" => $"{row} > {parameter}",
        "gte" => $"{row} >= {parameter}",
        "lt" => $"{row} < {parameter}",
        "lte" => $"{row} <= {parameter}",
        "contains" => $"strpos({row}, {parameter}) > 0",
        "startsWith" => $"starts_with({row}, {parameter})",

        // For a value longer than the row's text, right() returns the whole text, which is not equal.
        "endsWith" => $"right({row}, length({parameter})) = {parameter}",
        _ when operation.StartsWith('n') => Not(Comparison(row, Positive(operation), parameter, column), row, column),
        _ => throw new ArgumentOutOfRangeException(nameof(operation), operation, "An operation without SQL."),
    };

    private static string Positive(string negated) => negated == "neq" ? "eq" : negated[1..];

    private static string Not(string condition, string row, ColumnMap column) =>
        column.IsNullable ? $"(not ({condition}) or {row} is null)" : $"not ({condition})";

    private string List(ColumnMap column, string row, string operation, InputNode value)
    {
        if (!column.IsNullable)
        {
            string array = List(column, value);
            return operation == "in" ? $"{row} = any({array})" : $"{row} <> all({array})";
        }

        string values = List(column, value);
        string hasNull = statement.Parameter(
            (value, "null"), values => StatementBuilder.Typed(NpgsqlDbType.Boolean, Items(value, values).Contains(null)));
        string found = $"({row} is not null and {row} = any({values}) or {row} is null and {hasNull})";
        return operation == "in" ? found : $"not {found}";
    }

    private static Func<Estimation, ReferenceRow, bool>? TextTest(ColumnMap column, string operation, InputNode value)
    {
        if (column.ValueType != typeof(string) && !column.ValueType.IsEnum)
        {
            return null;
        }

        bool negated = operation.StartsWith('n');
        string positive = negated ? Positive(operation) : operation;
        return positive == "in"
            ? (estimation, row) => estimation.Texts(value).Contains(row[column.Name]) != negated
            : (estimation, row) => Test(positive, row[column.Name], value.Evaluate(estimation.Variables)) != negated;
    }

    private static bool Test(string operation, string? text, object? value) => operation switch
    {
        _ when text is null => false,
        "eq" => text == (string)value!,
        "contains" => text.Contains((string)value!, StringComparison.Ordinal),
        "startsWith" => text.StartsWith((string)value!, StringComparison.Ordinal),
        "endsWith" => text.EndsWith((string)value!, StringComparison.Ordinal),
        _ => throw new ArgumentOutOfRangeException(nameof(operation), operation, "No operation on texts."),
    };

    private static List<object?> Items(InputNode value, RootValues values) => (List<object?>)value.Evaluate(values.Variables)!;

    private static IEnumerable<long> Keys(short tenant, object? given) => (given is List<object?> ids ? ids : [given])
        .Select(id => GlobalId.Parse(id as string ?? ""))
        .Where(id => id is not null && id.Tenant == tenant)
        .Select(id => id!.Row);

    private static NpgsqlParameter Typed(ColumnMap column, object value) => value switch
    {
        DateTimeOffset moment => StatementBuilder.Typed(NpgsqlDbType.TimestampTz, moment.UtcDateTime),
        string label when column.ValueType.IsEnum => new NpgsqlParameter<string> { TypedValue = label, DataTypeName = column.StoreType },
        string text => StatementBuilder.Text(text),
        int number => StatementBuilder.Integer(number),
        double number => StatementBuilder.Double(number),
        bool flag => StatementBuilder.Typed(NpgsqlDbType.Boolean, flag),
        _ => throw new NotSupportedException($"{column.Name} cannot be compared with a {value.GetType().Name}."),
    };

    private static NpgsqlParameter TypedArray(ColumnMap column, List<object?> items)
    {
        IEnumerable<object> values = items.Where(i => i is not null)!;
        return column.ValueType switch
        {
            Type type when type.IsEnum => new NpgsqlParameter<string[]>
            {
                TypedValue = [.. values.Cast<string>()],
                DataTypeName = column.StoreType + "[]",
            },
            Type type when type == typeof(string) => StatementBuilder.Typed<string[]>(
                NpgsqlDbType.Array | NpgsqlDbType.Text, [.. values.Cast<string>()]),
            Type type when type == typeof(DateTime) => StatementBuilder.Typed<DateTime[]>(
                NpgsqlDbType.Array | NpgsqlDbType.TimestampTz,
                [.. values.Cast<DateTimeOffset>().Where(IsStorable).Select(m => m.UtcDateTime)]),
            Type type when type == typeof(int) => StatementBuilder.Typed<int[]>(
                NpgsqlDbType.Array | NpgsqlDbType.Integer, [.. values.Cast<int>()]),
            Type type when type == typeof(double) => StatementBuilder.Typed<double[]>(
                NpgsqlDbType.Array | NpgsqlDbType.Double, [.. values.Cast<double>()]),
            _ => throw new NotSupportedException($"Lists of {column.ValueType.Name} cannot be compared."),
        };
    }
}

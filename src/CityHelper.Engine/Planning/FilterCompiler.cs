using CityHelper.Engine.Bindings;
using CityHelper.Engine.Execution;
using CityHelper.Engine.Types;
using GraphQL.Types;
using Npgsql;
using NpgsqlTypes;

namespace CityHelper.Engine.Planning;

/// <summary>A <c>where</c> to SQL conditions that must all hold (conventions §2).</summary>
internal sealed class FilterCompiler(StatementBuilder statement)
{
    private int _conditions;

    /// <summary>Compiles the members of a filter input.</summary>
    /// <exception cref="PlanException">The filter is larger than <see cref="Limits.FilterConditionsMax"/>.</exception>
    public List<Condition> Compile(FilterInput input, InputNode? filter)
    {
        List<Condition> conditions = [];
        if (filter is not ObjectNode { Members: { } members })
        {
            return conditions;
        }

        // In the input's own order, so that equal filters are equal SQL however a client writes them.
        foreach (FieldType field in input.Fields.Where(f => members.ContainsKey(f.Name)))
        {
            InputNode member = members[field.Name];
            if (field.Name == FilterInput.And)
            {
                conditions.AddRange((member as ListNode)?.Items.SelectMany(item => Compile(input, item)) ?? []);
            }
            else
            {
                conditions.AddRange(CompileMember(input.Target(field.Name), (IInputObjectGraphType)field.ResolvedType!, member));
            }
        }

        return conditions;
    }

    private List<Condition> CompileMember(FieldType target, IInputObjectGraphType input, InputNode member) => FieldBinding.Of(target) switch
    {
        ColumnBinding column when member is ObjectNode operations => [.. input.Fields
            .Where(f => operations.Members.ContainsKey(f.Name))
            .Select(f => Operation(column.Column, f.Name, operations.Members[f.Name]))
            .OfType<Condition>()],
        ReferenceBinding reference when member is ObjectNode => Reference(reference, (FilterInput)input, member),
        _ => [],
    };

    // Integer keys rather than a join: the partition's rows are then filtered by an index or an included column, and the small
    // table is read once, before the first row (an InitPlan).
    private List<Condition> Reference(ReferenceBinding reference, FilterInput input, InputNode member)
    {
        List<Condition> inner = Compile(input, member);
        if (inner.Count == 0)
        {
            return [];
        }

        (string here, string there) = reference.Keys.Single();
        EntityMap target = reference.Target;
        string partition = target.PartitionColumn is { } column ? $"f.{column} = {statement.Partition()} and " : "";
        string rows = $"select f.{there} from {target.Table} f where {partition}{string.Join(" and ", inner.Select(c => c.For("f")))}";
        string sql = IsOneUniqueValue(target, input, (ObjectNode)member)
            ? $"{Condition.Row}.{here} = ({rows})"
            : $"{Condition.Row}.{here} = any(array({rows}))";
        return [new Condition(sql, [here])];
    }

    // At most one row: a scalar keeps the order of an index (partition, key, id), an array does not.
    private static bool IsOneUniqueValue(EntityMap target, FilterInput input, ObjectNode member) =>
        member.Members.Count == 1
        && member.Members.Single() is var (name, operations)
        && name != FilterInput.And
        && FieldBinding.Of(input.Target(name)) is ColumnBinding column
        && target.IsUnique(column.Column)
        && operations is ObjectNode { Members: { Count: 1 } only }
        && only.TryGetValue("eq", out InputNode? value)
        && !value.IsNull;

    private Condition? Operation(ColumnMap column, string operation, InputNode value)
    {
        if (++_conditions > Limits.FilterConditionsMax)
        {
            throw new PlanException(new OperationTooLargeError($"The filter has more than {Limits.FilterConditionsMax} conditions: use fewer."));
        }

        string row = $"{Condition.Row}.{column.Name}";
        if (value.IsNull)
        {
            return operation switch
            {
                "eq" => new Condition($"{row} is null", [column.Name]),
                "neq" => new Condition($"{row} is not null", [column.Name]),

                // A comparison with null holds for no row, nor does its negation exclude one.
                _ when operation.StartsWith('n') => null,
                _ => new Condition("false", []),
            };
        }

        return operation is "in" or "nin"
            ? List(column, operation, value)
            : new Condition(Comparison(row, operation, statement.Parameter(value, run => Parameter(column, value.Evaluate(run.Variables)!)), column), [column.Name]);
    }

    private static string Comparison(string row, string operation, string parameter, ColumnMap column) => operation switch
    {
        "eq" => $"{row} = {parameter}",
        "neq" => column.IsNullable ? $"({row} <> {parameter} or {row} is null)" : $"{row} <> {parameter}",
        "gt" or "nlte" => $"{row} > {parameter}",
        "gte" or "nlt" => $"{row} >= {parameter}",
        "lt" or "ngte" => $"{row} < {parameter}",
        "lte" or "ngt" => $"{row} <= {parameter}",
        "contains" => $"strpos({row}, {parameter}) > 0",
        "ncontains" => Not($"strpos({row}, {parameter}) > 0", row, column),
        "startsWith" => $"starts_with({row}, {parameter})",
        "nstartsWith" => Not($"starts_with({row}, {parameter})", row, column),
        "endsWith" => $"right({row}, length({parameter})) = {parameter}",
        "nendsWith" => Not($"right({row}, length({parameter})) = {parameter}", row, column),
        _ => throw new ArgumentOutOfRangeException(nameof(operation), operation, "An operation without SQL."),
    };

    private static string Not(string condition, string row, ColumnMap column) =>
        column.IsNullable ? $"(not ({condition}) or {row} is null)" : $"not ({condition})";

    // One array parameter whatever the list's length, so that the length is not part of the plan. A null in it stands for "no value".
    private Condition List(ColumnMap column, string operation, InputNode value)
    {
        string row = $"{Condition.Row}.{column.Name}";
        string array = statement.Parameter(value, run => ArrayParameter(column, Items(value, run)));
        string found = $"{row} = any({array})";
        if (column.IsNullable)
        {
            string hasNull = statement.Parameter((value, "null"), run =>
                StatementBuilder.Typed(NpgsqlDbType.Boolean, Items(value, run).Contains(null)));
            found = $"({row} is not null and {found} or {row} is null and {hasNull})";
        }

        return new Condition(operation == "in" ? found : $"not ({found})", [column.Name]);
    }

    private static List<object?> Items(InputNode value, RootRun run) => (List<object?>)value.Evaluate(run.Variables)!;

    private static NpgsqlParameter Parameter(ColumnMap column, object value) => value switch
    {
        DateTimeOffset moment => StatementBuilder.Typed(NpgsqlDbType.TimestampTz, moment.UtcDateTime),
        string label when column.ValueType.IsEnum => new NpgsqlParameter<string> { TypedValue = label, DataTypeName = column.StoreType },
        string text => StatementBuilder.Text(text),
        int number => StatementBuilder.Integer(number),
        double number => StatementBuilder.Double(number),
        bool flag => StatementBuilder.Typed(NpgsqlDbType.Boolean, flag),
        _ => throw new NotSupportedException($"{column.Name} cannot be compared with a {value.GetType().Name}."),
    };

    private static NpgsqlParameter ArrayParameter(ColumnMap column, List<object?> items)
    {
        IEnumerable<object> values = items.Where(i => i is not null)!;
        return column.ValueType switch
        {
            Type type when type.IsEnum => new NpgsqlParameter<string[]> { TypedValue = [.. values.Cast<string>()], DataTypeName = column.StoreType + "[]" },
            Type type when type == typeof(string) => StatementBuilder.Typed<string[]>(NpgsqlDbType.Array | NpgsqlDbType.Text, [.. values.Cast<string>()]),
            Type type when type == typeof(DateTime) => StatementBuilder.Typed<DateTime[]>(
                NpgsqlDbType.Array | NpgsqlDbType.TimestampTz, [.. values.Cast<DateTimeOffset>().Select(m => m.UtcDateTime)]),
            Type type when type == typeof(int) => StatementBuilder.Typed<int[]>(NpgsqlDbType.Array | NpgsqlDbType.Integer, [.. values.Cast<int>()]),
            Type type when type == typeof(double) => StatementBuilder.Typed<double[]>(NpgsqlDbType.Array | NpgsqlDbType.Double, [.. values.Cast<double>()]),
            _ => throw new NotSupportedException($"Lists of {column.ValueType.Name} cannot be compared."),
        };
    }
}

/// <summary>The operation cannot be planned; the client is told why.</summary>
internal sealed class PlanException(RequestError error) : Exception(error.Message)
{
    public RequestError Error { get; } = error;
}

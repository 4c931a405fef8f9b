using System.Runtime.CompilerServices;
using CityHelper.Engine.Documents;
using CityHelper.Engine.Schema;
using GraphQL.Types;
using GraphQLParser.AST;

namespace CityHelper.Engine.Planning;

/// <summary>
/// An argument's value as a plan sees it. It holds what the document and the variable signature fix, and the path of each value that
/// differs between requests.
/// </summary>
internal abstract class InputNode
{
    // Plans of one document differ by variable signature and share its literals: a polygon of ten thousand positions is 400 kB.
    private static readonly ConditionalWeakTable<GraphQLValue, FixedNode> s_leaves = [];

    /// <summary>The value in one request: a leaf value, a list, a dictionary, or null.</summary>
    public abstract object? Evaluate(VariableValues variables);

    /// <summary>Equal for nodes that are known to have the same value in every request, such as two uses of one variable.</summary>
    public virtual object Identity => this;

    /// <summary>True for a null that the document or the signature fixes.</summary>
    public bool IsNull => this is FixedNode { Value: null };

    /// <summary>The given members of an input object, in the order of the input type: members of a JSON object have no order.</summary>
    public static IEnumerable<(FieldType Field, InputNode Node)> MembersOf(IInputObjectGraphType input, InputNode? node) =>
        node is ObjectNode { Members: { } members }
            ? input.Fields.Where(f => members.ContainsKey(f.Name)).Select(f => (f, members[f.Name]))
            : [];

    /// <summary>The items of a list; empty for anything else.</summary>
    public static IReadOnlyList<InputNode> ItemsOf(InputNode? node) => (node as ListNode)?.Items ?? [];

    /// <summary>Builds the node of a literal or variable.</summary>
    /// <returns>Null when the value is an absent variable.</returns>
    /// <param name="literal">The value in the document.</param>
    /// <param name="type">The input type at its location.</param>
    /// <param name="variables">A request's variables; only their signature is used.</param>
    public static InputNode? Build(GraphQLValue literal, IGraphType type, VariableValues variables)
    {
        if (type is NonNullGraphType nonNull)
        {
            // A nullable variable with a default is allowed in a non-null location, and may be null nevertheless (GraphQL spec 6.4.1).
            InputNode? inner = Build(literal, nonNull.ResolvedType!, variables);
            return inner is { IsNull: true }
                ? throw new PlanException(new VariableInvalidError(
                    $"Variable `${((GraphQLVariable)literal).Name.StringValue}` is null where a {nonNull} is needed."))
                : inner;
        }

        return literal switch
        {
            GraphQLVariable variable => FromVariable(new VariablePath(variable.Name.StringValue), type, variables),
            GraphQLNullValue => FixedNode.Null,
            GraphQLObjectValue value when type is IInputObjectGraphType input => FromObject(value, input, variables),
            GraphQLListValue value when type is ListGraphType list => FromList(value, list, variables),
            _ when type is ListGraphType list => new ListNode([Build(literal, list.ResolvedType!, variables)!]),
            _ => s_leaves.GetValue(literal, l => new FixedNode(InputCoercion.FromLiteral(l, type))),
        };
    }

    private static ObjectNode FromObject(GraphQLObjectValue value, IInputObjectGraphType input, VariableValues variables)
    {
        var members = new Dictionary<string, InputNode>();
        foreach (GraphQLObjectField given in value.Fields ?? [])
        {
            string name = given.Name.StringValue;
            if (Build(given.Value, input.Fields.Find(name)!.ResolvedType!, variables) is { } member)
            {
                members.Add(name, member);
            }
        }

        foreach (FieldType field in input.Fields.Where(f => f.DefaultValue is not null))
        {
            members.TryAdd(field.Name, new FixedNode(field.DefaultValue));
        }

        return new ObjectNode(members);
    }

    // An absent variable inside a list literal counts as null (GraphQL spec 6.4.1).
    private static ListNode FromList(GraphQLListValue value, ListGraphType list, VariableValues variables) =>
        new([.. InputCoercion.ItemsOf(value).Select(v => Build(v, list.ResolvedType!, variables) ?? Missing(v, list))]);

    private static FixedNode Missing(GraphQLValue variable, ListGraphType list) => list.ResolvedType is NonNullGraphType
        ? throw new PlanException(new VariableInvalidError(
            $"Variable `${((GraphQLVariable)variable).Name.StringValue}` is missing in a list of {list.ResolvedType}."))
        : FixedNode.Null;

    private static InputNode? FromVariable(VariablePath path, IGraphType type, VariableValues variables)
    {
        if (type is NonNullGraphType nonNull)
        {
            type = nonNull.ResolvedType!;
        }

        object? value = path.Evaluate(variables);
        return value switch
        {
            null => FixedNode.Null,
            _ when value == InputCoercion.Absent => null,
            _ when type is SortEnumType => new FixedNode(value),
            Dictionary<string, object?> members when type is IInputObjectGraphType input => new ObjectNode(members.Keys.ToDictionary(
                name => name,
                name => FromVariable(path.Member(name), input.Fields.Find(name)!.ResolvedType!, variables)!)),
            List<object?> items when VariableValues.IsListOfObjects(type) => new ListNode([.. items.Select(
                (_, i) => FromVariable(path.Item(i), ((ListGraphType)type).ResolvedType!, variables)!)]),
            _ => new VariableNode(path),
        };
    }
}

/// <summary>A value that the plan fixes.</summary>
internal sealed class FixedNode(object? value) : InputNode
{
    public static FixedNode Null { get; } = new(null);

    public object? Value { get; } = value;

    public override object? Evaluate(VariableValues variables) => Value;
}

/// <summary>A leaf value, or a list of leaf values, that comes with the request.</summary>
internal sealed class VariableNode(VariablePath path) : InputNode
{
    public override object Identity => path.Identity;

    public override object? Evaluate(VariableValues variables) => path.Evaluate(variables);
}

/// <summary>An input object without its absent members.</summary>
internal sealed class ObjectNode(IReadOnlyDictionary<string, InputNode> members) : InputNode
{
    public IReadOnlyDictionary<string, InputNode> Members { get; } = members;

    public override object? Evaluate(VariableValues variables) =>
        Members.ToDictionary(m => m.Key, m => m.Value.Evaluate(variables));
}

/// <summary>A list whose length the plan fixes.</summary>
internal sealed class ListNode(IReadOnlyList<InputNode> items) : InputNode
{
    public IReadOnlyList<InputNode> Items { get; } = items;

    public override object? Evaluate(VariableValues variables) => Items.Select(i => i.Evaluate(variables)).ToList();
}

/// <summary>The path of a value within the variables.</summary>
internal sealed class VariablePath
{
    private readonly string _variable;
    private readonly object[] _steps;

    public VariablePath(string variable)
        : this(variable, [])
    {
    }

    private VariablePath(string variable, object[] steps)
    {
        _variable = variable;
        _steps = steps;
    }

    /// <summary>The path as text: equal for equal paths.</summary>
    public object Identity => $"${_variable}/{string.Join('/', _steps)}";

    public VariablePath Member(string name) => new(_variable, [.. _steps, name]);

    public VariablePath Item(int index) => new(_variable, [.. _steps, index]);

    public object? Evaluate(VariableValues variables)
    {
        object? value = variables[_variable];
        foreach (object step in _steps)
        {
            value = step is string name
                ? ((Dictionary<string, object?>)value!)[name]
                : ((List<object?>)value!)[(int)step];
        }

        return value;
    }
}

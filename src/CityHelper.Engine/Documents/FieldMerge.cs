using GraphQL;
using GraphQL.Types;
using GraphQLParser;
using GraphQLParser.AST;

namespace CityHelper.Engine.Documents;

/// <summary>
/// Checks that fields with the same response name can be merged (spec 5.3.2), for documents that pass all other rules. GraphQL.NET compares
/// all pairs of fields, and the fields nested in each pair again: 6 kB of nested fragments take it half a minute, and no timeout ends it
/// (measured). This class merges fields as execution does, and compares each with the first of its name.
/// </summary>
internal sealed class FieldMerge
{
    private readonly ISchema _schema;
    private readonly string _text;
    private readonly Dictionary<string, GraphQLFragmentDefinition> _fragments;
    private readonly Dictionary<GraphQLField, string> _calls = [];
    private int _looked;

    private FieldMerge(GraphQLDocument document, string text, ISchema schema)
    {
        _schema = schema;
        _text = text;
        _fragments = document.Definitions.OfType<GraphQLFragmentDefinition>().ToDictionary(f => f.FragmentName.Name.StringValue);
    }

    /// <summary>The error if fields cannot be merged, or null.</summary>
    /// <param name="document">A document that passes all other rules and <see cref="DocumentLimits"/>.</param>
    /// <param name="text">Its text.</param>
    /// <param name="schema">The schema.</param>
    public static RequestError? Check(GraphQLDocument document, string text, ISchema schema)
    {
        var merge = new FieldMerge(document, text, schema);
        return document.Definitions
            .OfType<GraphQLOperationDefinition>()
            .Select(operation =>
                schema.RootOf(operation.Operation) is { } root ? merge.CheckFields([new(root, operation.SelectionSet)]) : null)
            .FirstOrDefault(error => error is not null);
    }

    // Fields of different object types never meet in one object: only their response shapes must match.
    private RequestError? CheckFields(IReadOnlyList<Selected> sets)
    {
        foreach ((string name, List<LocatedField> fields) in Collect(sets))
        {
            LocatedField[] anywhere = [.. fields.Where(f => f.Parent is not IObjectGraphType)];
            LocatedField[][] meeting =
            [
                .. fields
                    .Where(f => f.Parent is IObjectGraphType)
                    .GroupBy(f => f.Parent)
                    .Select(group => (LocatedField[])[.. anywhere, .. group]),
            ];
            RequestError? error = meeting.Length > 1 ? CheckShape(name, fields) : null;
            foreach (LocatedField[] group in meeting.Length == 0 ? [anywhere] : meeting)
            {
                error ??= CheckCalls(name, group) ?? CheckFields(Nested(group));
            }

            if (error is not null)
            {
                return error;
            }
        }

        return _looked > Limits.MergedSelectionsMax ? new FieldMergeBudgetError() : null;
    }

    private RequestError? CheckCalls(string name, LocatedField[] fields)
    {
        LocatedField first = fields[0];
        foreach (LocatedField other in fields.AsSpan(1))
        {
            if (other.Field.Name.Value != first.Field.Name.Value)
            {
                return Conflict(name, $"they are `{first.Field.Name.StringValue}` and `{other.Field.Name.StringValue}`", first, other);
            }

            if (Call(other.Field) != Call(first.Field))
            {
                return Conflict(name, "their arguments differ", first, other);
            }
        }

        return null;
    }

    private RequestError? CheckShape(string name, IReadOnlyList<LocatedField> fields)
    {
        foreach (LocatedField other in fields.Skip(1))
        {
            if (!IsOneShape(fields[0].Type, other.Type))
            {
                return Conflict(name, $"they are of types {fields[0].Type} and {other.Type}", fields[0], other);
            }
        }

        return Collect(Nested(fields)).Select(nested => CheckShape(nested.Key, nested.Value)).FirstOrDefault(error => error is not null);
    }

    private static bool IsOneShape(IGraphType left, IGraphType right) => (left, right) switch
    {
        (NonNullGraphType l, NonNullGraphType r) => IsOneShape(l.ResolvedType!, r.ResolvedType!),
        (ListGraphType l, ListGraphType r) => IsOneShape(l.ResolvedType!, r.ResolvedType!),
        (NonNullGraphType or ListGraphType, _) or (_, NonNullGraphType or ListGraphType) => false,
        _ => left == right || !(left.IsLeafType() || right.IsLeafType()),
    };

    private Dictionary<string, List<LocatedField>> Collect(IReadOnlyList<Selected> sets)
    {
        var fields = new Dictionary<string, List<LocatedField>>(StringComparer.Ordinal);
        var spread = new HashSet<string>(StringComparer.Ordinal);
        foreach (Selected set in sets)
        {
            Collect(set.Type, set.Set, fields, spread);
        }

        return fields;
    }

    private void Collect(
        IGraphType type, GraphQLSelectionSet selectionSet, Dictionary<string, List<LocatedField>> fields, HashSet<string> spread)
    {
        foreach (ASTNode selection in selectionSet.Selections)
        {
            // Beyond the budget this visits nothing more; CheckFields returns the error.
            if (++_looked > Limits.MergedSelectionsMax)
            {
                return;
            }

            switch (selection)
            {
                case GraphQLField field:
                    string name = (field.Alias?.Name ?? field.Name).StringValue;
                    fields.TryAdd(name, []);
                    fields[name].Add(new LocatedField(type, field, TypeOf(type, field)));
                    break;
                case GraphQLInlineFragment inline:
                    Collect(Narrowed(type, inline.TypeCondition), inline.SelectionSet, fields, spread);
                    break;
                case GraphQLFragmentSpread { FragmentName.Name: var fragment } when spread.Add(fragment.StringValue):
                    GraphQLFragmentDefinition definition = _fragments[fragment.StringValue];
                    Collect(Narrowed(type, definition.TypeCondition), definition.SelectionSet, fields, spread);
                    break;
            }
        }
    }

    private IGraphType Narrowed(IGraphType type, GraphQLTypeCondition? condition) =>
        condition is null ? type : _schema.AllTypes[condition.Type.Name]!;

    private IGraphType TypeOf(IGraphType parent, GraphQLField field)
    {
        FieldType definition = field.Name.StringValue switch
        {
            "__typename" => _schema.TypeNameMetaFieldType,
            "__schema" when parent == _schema.Query => _schema.SchemaMetaFieldType,
            "__type" when parent == _schema.Query => _schema.TypeMetaFieldType,
            var name => ((IComplexGraphType)parent).Fields.Find(name)!,
        };
        return definition.ResolvedType!;
    }

    private static List<Selected> Nested(IEnumerable<LocatedField> fields) =>
        [.. fields.Where(f => f.Field.SelectionSet is not null).Select(f => new Selected(f.Type.GetNamedType(), f.Field.SelectionSet!))];

    // The arguments as one text, in any order; cached, because a field may occur in several places.
    private string Call(GraphQLField field)
    {
        if (!_calls.TryGetValue(field, out string? call))
        {
            IEnumerable<string> arguments = (field.Arguments?.Items ?? []).Select(a => $"{a.Name.StringValue}: {ValueText.Of(a.Value)}");
            _calls.Add(field, call = string.Join(", ", arguments.Order(StringComparer.Ordinal)));
        }

        return call;
    }

    private FieldsConflictError Conflict(string name, string why, params LocatedField[] fields) => new(name, why)
    {
        Locations =
        [
            .. fields.Select(f =>
            {
                var location = Location.FromLinearPosition(_text, f.Field.Location.Start);
                return (location.Line, location.Column);
            }),
        ],
    };

    /// <summary>A selection set and the type that it selects from.</summary>
    private readonly record struct Selected(IGraphType Type, GraphQLSelectionSet Set);

    /// <summary>A field, its parent type and its own type.</summary>
    private readonly record struct LocatedField(IGraphType Parent, GraphQLField Field, IGraphType Type);
}

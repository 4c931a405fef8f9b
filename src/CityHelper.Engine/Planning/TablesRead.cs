using CityHelper.Engine.Documents;
using CityHelper.Engine.Schema;
using CityHelper.Engine.Schema.Bindings;
using GraphQL;
using GraphQL.Types;
using GraphQLParser.AST;

namespace CityHelper.Engine.Planning;

/// <summary>
/// The tables that selections may read: those that the bindings of their fields declare, and those that filters, orders and areas need. No
/// other table is read. Whether one of them is read depends on the values and on the table statistics.
/// </summary>
/// <param name="schema">The schema.</param>
/// <param name="variables">A request's variables, of which only the signature is used; null for everything that their types allow.</param>
internal sealed class TablesRead(ISchema schema, VariableValues? variables)
{
    private readonly SortedSet<string> _names = new(StringComparer.Ordinal);
    private readonly HashSet<FurtherRows> _further = [];

    /// <summary>The tables recorded so far, by name.</summary>
    public IReadOnlyCollection<string> Names => _names;

    /// <summary>The lists and rows recorded so far that no argument of a root names.</summary>
    public IReadOnlyCollection<FurtherRows> Further => _further;

    /// <summary>Records what one response object reads.</summary>
    /// <param name="type">Its type.</param>
    /// <param name="fields">The selected fields of it; nested selections are recorded separately.</param>
    public void Note(IObjectGraphType type, IEnumerable<CollectedField> fields)
    {
        NoteRows(type);
        foreach (CollectedField field in fields)
        {
            if (type.Fields.Find(field.Name) is { } definition && FieldBinding.Of(definition) is { } binding)
            {
                Note(binding.Tables.Where(read => read.Argument is null || IsGiven(field, read.Argument)));
                NoteArguments(field, definition, binding.ListedRows);
                NoteFurther(type, binding);
            }
        }
    }

    // The table of a row with an id is read whatever is selected. Rows without an id come with a binding that names their table.
    private void NoteRows(IObjectGraphType type) =>
        Note(type.Fields.Select(FieldBinding.Of).OfType<GlobalIdBinding>().SelectMany(id => id.Tables));

    private void NoteFurther(IObjectGraphType type, FieldBinding binding)
    {
        (string? table, bool isOfParent) = binding switch
        {
            KeyedRowBinding keyed => (keyed.Row.Target.Table, false),
            SimilarRowsBinding similar => (similar.By.Access.Entity.Table, false),
            NestedConnectionBinding nested => (nested.Rows.Access.Entity.Table, true),
            ChildrenBinding children => (children.Target.Table, true),
            _ => (null, false),
        };
        if (table is not null)
        {
            _further.Add(new FurtherRows(
                isOfParent ? type.Fields.Select(FieldBinding.Of).OfType<GlobalIdBinding>().FirstOrDefault()?.Entity.Table : null, table));
        }
    }

    private void Note(IEnumerable<TableRead> reads) => _names.UnionWith(reads.Select(read => read.Table));

    private bool IsGiven(CollectedField field, string name) =>
        field.First.Arguments?.FirstOrDefault(argument => argument.Name.Value == name)?.Value switch
        {
            null => false,
            GraphQLVariable variable when variables is not null =>
                variables[variable.Name.StringValue] is { } value && value != InputCoercion.Absent,
            GraphQLNullValue => variables is null,
            _ => true,
        };

    private void NoteArguments(CollectedField field, FieldType definition, ConnectionRows? rows)
    {
        if (rows is null || field.First.Arguments is not { } arguments)
        {
            return;
        }

        foreach (GraphQLArgument argument in arguments)
        {
            NoteLiteral(argument.Value, definition.Arguments!.Find(argument.Name)!.ResolvedType!.GetNamedType(), rows);
        }
    }

    // A literal needs the members that it names.
    private void NoteLiteral(GraphQLValue value, IGraphType type, ConnectionRows rows)
    {
        switch (value)
        {
            case GraphQLVariable when variables is null:
                NoteType(type, rows, []);
                break;
            case GraphQLVariable variable:
                NoteValue(variables[variable.Name.StringValue], type, rows);
                break;
            case GraphQLListValue list:
                list.Values?.ForEach(item => NoteLiteral(item, type, rows));
                break;
            case GraphQLObjectValue members when type is IInputObjectGraphType input:
                foreach (GraphQLObjectField member in members.Fields ?? [])
                {
                    NoteLiteral(member.Value, NoteMember(input, member.Name.StringValue, rows), rows);
                }

                break;
        }
    }

    // A variable's value needs the members that it has.
    private void NoteValue(object? value, IGraphType type, ConnectionRows rows)
    {
        switch (value)
        {
            case List<object?> items when type is IInputObjectGraphType:
                items.ForEach(item => NoteValue(item, type, rows));
                break;
            case Dictionary<string, object?> members when type is IInputObjectGraphType input:
                foreach ((string name, object? member) in members)
                {
                    NoteValue(member, NoteMember(input, name, rows), rows);
                }

                break;
        }
    }

    // A variable of any value needs all members of its type.
    private void NoteType(IGraphType type, ConnectionRows rows, HashSet<string> visited)
    {
        if (type is IInputObjectGraphType input && visited.Add(input.Name))
        {
            foreach (FieldType member in input.Fields)
            {
                NoteType(NoteMember(input, member.Name, rows), rows, visited);
            }
        }
    }

    /// <returns>The member's type, without lists and nullability.</returns>
    private IGraphType NoteMember(IInputObjectGraphType input, string member, ConnectionRows rows)
    {
        FieldType? target = input switch
        {
            FilterInput filter when member is not (JoiningFilterInput.And or JoiningFilterInput.Or) => filter.Target(member),
            SortInput sort => sort.Target(member),
            _ => null,
        };
        FieldBinding? binding = target is null ? null : FieldBinding.Of(target);
        Note((binding?.Tables ?? []).Where(read => read.Argument is null));
        if (input == rows.Filter && binding is ColumnBinding { Column.Name: var column } && rows.Access.TableBehind(column) is { } behind)
        {
            _names.Add(behind);
        }

        if (input is AreaInput && member == AreaInput.Boundary && rows.Access.Grid?.Areas is { } areas)
        {
            NoteRows((IObjectGraphType)schema.AllTypes[areas.TypeName]!);
        }

        return input.Fields.Find(member)!.ResolvedType!.GetNamedType();
    }
}

/// <summary>Rows that are found through other rows.</summary>
/// <param name="Parent">The table of the rows that they belong to; null when they belong to none and are only referred to.</param>
/// <param name="Table">Their table.</param>
internal sealed record FurtherRows(string? Parent, string Table);

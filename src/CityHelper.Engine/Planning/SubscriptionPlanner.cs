using CityHelper.Engine.Documents;
using CityHelper.Engine.Planning.Filters;
using CityHelper.Engine.Schema;
using CityHelper.Engine.Schema.Bindings;
using CityHelper.Engine.Writing;
using GraphQL;
using GraphQL.Types;
using GraphQLParser.AST;

namespace CityHelper.Engine.Planning;

/// <summary>Plans subscriptions: what they ask for, the writers of their events, and the statements that read a changed row.</summary>
/// <param name="operation">The operation.</param>
/// <param name="collector">Flattens selections.</param>
/// <param name="variables">A request's variables; only their signature is used.</param>
internal sealed class SubscriptionPlanner(Operation operation, SelectionCollector collector, VariableValues variables)
{
    private readonly List<RowsByKeyPlan> _rows = [];

    public SubscriptionPlan Plan(CollectedField field, FieldType definition, SubscriptionBinding binding)
    {
        var arguments = new RowPlanner(collector, variables);
        var change = (IObjectGraphType)definition.ResolvedType!.GetNamedType();
        FieldWriter[] parts = [.. collector.Collect(change, field.SelectionSets).Select(part => Part(part, change))];
        InputNode? area = binding.Tenant is null ? null : arguments.GivenArgument(field, definition, SubscriptionBinding.AreaArgument);
        return new SubscriptionPlan(Planner.Writer(field, definition, new ObjectWriter(parts)), binding)
        {
            Tenant = arguments.Tenant(field, definition, binding.Tenant),
            Id = binding.Tenant is null ? arguments.Argument(field, definition, SubscriptionBinding.IdArgument) : null,
            Area = area is null ? null : new AreaArgument(area, binding.Rows.Access.Grid!),
            Where = binding.Tenant is null ? [] : [.. Conditions(arguments, field, definition, binding.Rows)],
            After = arguments.GivenArgument(field, definition, SubscriptionBinding.AfterArgument),
            Rows = _rows,
            SelectionVariables = VariablesOf(field),
        };
    }

    private FieldWriter Part(CollectedField part, IObjectGraphType change)
    {
        if (part.Name == "__typename")
        {
            return RowPlanner.Field(part, nonNull: true, RowPlanner.TypeName(change));
        }

        FieldType definition = change.Fields.Find(part.Name)!;
        return Planner.Writer(part, definition, FieldBinding.Of(definition) switch
        {
            ChangeKindBinding => new ChangeKindWriter(),
            ChangeCursorBinding => new ChangeCursorWriter(),
            ChangeTimeBinding => new ChangeTimeWriter(),
            ChangeIdBinding id => new ChangeIdWriter(id.Entity.Name, id.Entity.TenantColumn is not null),
            ChangeValueBinding value => new ChangeValueWriter(value.Column, value.IsBefore),
            ChangeRowBinding row => Row(part, definition, row),
            _ => throw new InvalidOperationException($"A change's `{definition.Name}` has no writer."),
        });
    }

    // Several events of one selection are read together, so rows are found by many keys.
    private ChangeRowWriter Row(CollectedField part, FieldType definition, ChangeRowBinding binding)
    {
        var rows = new RowPlanner(collector, variables);
        var select = new SelectPlan(new RowsByKeySource(binding.Entity, several: true));
        int key = select.Expression(SelectPlan.Row, binding.Entity.RowKey(SelectPlan.Row), [binding.Entity.RowColumn]);
        ObjectWriter row = rows.Row(select, (IObjectGraphType)definition.ResolvedType!.GetNamedType(), part.SelectionSets);
        rows.Add(new NodeStatement(select, key, row));
        _rows.Add(new RowsByKeyPlan(Planner.Writer(part, definition, row), binding.Entity)
        {
            Statements = rows.Statements,
            Nested = rows.Nested,
            NestedRoots = rows.NestedRoots,
        });
        return new ChangeRowWriter(_rows.Count - 1);
    }

    private static IEnumerable<LoggedCondition> Conditions(
        RowPlanner arguments, CollectedField field, FieldType definition, LoggedRows rows)
    {
        InputNode? where = arguments.GivenArgument(field, definition, SubscriptionBinding.FilterArgument);
        for (int i = 0; i < rows.Columns.Count; i++)
        {
            LoggedColumn column = rows.Columns[i];
            InputNode? value = Member(where, column.Name);
            if (column.Reference is { } reference)
            {
                value = Member(value, ChangeWhereInputs.MemberOf(reference));
            }

            (InputNode? equal, InputNode? among) = (Member(value, ChangeWhereInputs.Equal), Member(value, ChangeWhereInputs.In));
            if (equal is not null || among is { IsNull: false })
            {
                yield return new LoggedCondition(i, equal, among is { IsNull: false } ? among : null);
            }
        }
    }

    private static InputNode? Member(InputNode? node, string name) => (node as ObjectNode)?.Members?.GetValueOrDefault(name);

    private string[] VariablesOf(CollectedField field)
    {
        var names = new SortedSet<string>(StringComparer.Ordinal);
        var fragments = new HashSet<string>(StringComparer.Ordinal);
        foreach (GraphQLField node in field.Nodes)
        {
            Collect(node.SelectionSet, names, fragments);
        }

        return [.. names];
    }

    private void Collect(GraphQLSelectionSet? selectionSet, SortedSet<string> names, HashSet<string> fragments)
    {
        foreach (ASTNode selection in selectionSet?.Selections ?? [])
        {
            foreach (GraphQLDirective directive in ((IHasDirectivesNode)selection).Directives?.Items ?? [])
            {
                directive.Arguments?.Items.ForEach(argument => Collect(argument.Value, names));
            }

            switch (selection)
            {
                case GraphQLField field:
                    field.Arguments?.Items.ForEach(argument => Collect(argument.Value, names));
                    Collect(field.SelectionSet, names, fragments);
                    break;
                case GraphQLInlineFragment inline:
                    Collect(inline.SelectionSet, names, fragments);
                    break;
                case GraphQLFragmentSpread spread when fragments.Add(spread.FragmentName.Name.StringValue):
                    Collect(operation.Fragments[spread.FragmentName.Name.StringValue].SelectionSet, names, fragments);
                    break;
            }
        }
    }

    private static void Collect(GraphQLValue value, SortedSet<string> names)
    {
        switch (value)
        {
            case GraphQLVariable variable:
                names.Add(variable.Name.StringValue);
                break;
            case GraphQLListValue list:
                list.Values?.ForEach(item => Collect(item, names));
                break;
            case GraphQLObjectValue members:
                members.Fields?.ForEach(member => Collect(member.Value, names));
                break;
        }
    }
}

using CityHelper.Engine.Documents;
using CityHelper.Engine.Schema;
using CityHelper.Engine.Schema.Bindings;
using CityHelper.Engine.Writing;
using GraphQL;
using GraphQL.Types;

namespace CityHelper.Engine.Planning;

/// <summary>Plans mutations: the input, and the writers of the payload.</summary>
/// <param name="collector">Flattens selections.</param>
/// <param name="variables">A request's variables; only their signature is used.</param>
internal sealed class MutationPlanner(SelectionCollector collector, VariableValues variables)
{
    public MutationPlan Plan(CollectedField field, FieldType definition, MutationBinding binding)
    {
        var rows = new RowPlanner(collector, variables, hasTenant: binding.Row.TenantColumn is null);
        var input = (ITypedInputType)definition.Arguments!.Find(MutationBinding.InputArgument)!.ResolvedType!.GetNamedType();
        InputNode value = rows.Argument(field, definition, MutationBinding.InputArgument)!;
        var payload = (IObjectGraphType)definition.ResolvedType!.GetNamedType();

        // One statement reads the row, however often it is selected: each selection writes it in its own way.
        var select = new SelectPlan(new RowsByKeySource(binding.Row, several: false));
        List<ValueWriter> outputs = [];
        FieldWriter[] parts = [.. collector.Collect(payload, field.SelectionSets).Select(part =>
            part.Name == "__typename"
                ? RowPlanner.Field(part, nonNull: true, RowPlanner.TypeName(payload))
                : RowPlanner.Field(part, nonNull: false, Part(part, payload.Fields.Find(part.Name)!, rows, select, outputs)))];
        FieldWriter writer = Planner.Writer(field, definition, new ObjectWriter(parts));
        RowsByKeyPlan? row = null;
        if (outputs.Count > 0)
        {
            rows.Add(new RootStatement(select, keyset: null, outputs));
            row = new RowsByKeyPlan(writer, binding.Row)
            {
                Statements = rows.Statements,
                Nested = rows.Nested,
                NestedRoots = rows.NestedRoots,
            };
        }

        return new MutationPlan(writer, field.Name, binding, value, input.Typed, row);
    }

    private ValueWriter Part(CollectedField part, FieldType definition, RowPlanner rows, SelectPlan select, List<ValueWriter> outputs)
    {
        switch (FieldBinding.Of(definition))
        {
            case PayloadRowBinding:
                outputs.Add(rows.Row(select, (IObjectGraphType)definition.ResolvedType!.GetNamedType(), part.SelectionSets));
                return new PayloadRowWriter(outputs.Count - 1);
            case PayloadCursorBinding:
                return new PayloadCursorWriter();
            case PayloadErrorsBinding:
                var union = (MutationErrorUnion)definition.ResolvedType!.GetNamedType();
                return new PayloadErrorsWriter(
                    union.PossibleTypes.Cast<MutationErrorType>().ToDictionary(type => type.Error, type => Error(type, part)));
            default:
                throw new InvalidOperationException($"A payload's `{definition.Name}` has no writer.");
        }
    }

    private ObjectWriter Error(MutationErrorType type, CollectedField errors) =>
        new([.. collector.Collect(type, errors.SelectionSets).Select(field =>
        {
            if (field.Name == "__typename")
            {
                return RowPlanner.Field(field, nonNull: true, RowPlanner.TypeName(type));
            }

            FieldType definition = type.Fields.Find(field.Name)!;
            return Planner.Writer(field, definition, new ErrorFieldWriter(((ErrorFieldBinding)FieldBinding.Of(definition)!).Property));
        })]);
}

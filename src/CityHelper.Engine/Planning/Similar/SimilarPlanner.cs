using CityHelper.Engine.Documents;
using CityHelper.Engine.Planning.Connections;
using CityHelper.Engine.Planning.Filters;
using CityHelper.Engine.Schema;
using CityHelper.Engine.Schema.Bindings;
using CityHelper.Engine.Writing;
using GraphQL;
using GraphQL.Types;

namespace CityHelper.Engine.Planning.Similar;

/// <summary>Plans lists of similar rows: nested in rows, and for a row that is about to be created.</summary>
internal sealed class SimilarPlanner(RowPlanner rows, SelectionCollector collector)
{
    /// <summary>Plans the list of each row of another select.</summary>
    public ValueWriter PlanNested(
        CollectedField field, FieldType definition, Similarity by, IObjectGraphType parentType, SelectPlan parents, string alias)
    {
        SimilarArguments arguments = SimilarArguments.Of(rows, field, definition, parentType.Name);
        int number = rows.ReserveNested();
        var select = new SelectPlan(new SimilarSource(new SimilarQuestion(number, parents, alias, by, arguments)));
        int parentKey = select.Column(SelectPlan.Row, NestedSource.ParentKey);
        ObjectWriter row = rows.Within(number, () => Row(select, field, definition, by));
        rows.Add(new NestedStatement(number, select, parentKey, null, [row]));
        rows.SetNested(number, new SimilarListPlan(rows.Parent, arguments));
        return new NestedWriter(number, parents.Column(alias, by.Access.Entity.RowColumn), new RowListWriter(0));
    }

    /// <summary>Plans the list for a row that is about to be created.</summary>
    public RootPlan PlanRoot(CollectedField field, FieldType definition, SimilarToDraftBinding binding, string parent)
    {
        SimilarArguments arguments = SimilarArguments.Of(rows, field, definition, parent);
        var draft = new SimilarDraft(
            new PositionArgument(rows.Argument(field, definition, SimilarToDraftBinding.PositionArgument)!),
            rows.Argument(field, definition, binding.GroupArgument)!,
            rows.GivenArgument(field, definition, SimilarToDraftBinding.TextArgument));
        var source = new DraftSource(binding.By, arguments, draft);
        var select = new SelectPlan(source);
        rows.Add(new RootStatement(select, keyset: null, [Row(select, field, definition, binding.By)]));
        return new SimilarToDraftPlan(Planner.Writer(field, definition, new RowListWriter(0)))
        {
            Binding = binding,
            Tenant = rows.Tenant(field, definition, binding.Tenant)!,
            Draft = draft,
            Arguments = arguments,
            Statements = rows.Statements,
            Nested = rows.Nested,
            Probes = [new GroupStatement(source, values => binding.GroupUnknown(draft.GroupOf(values)))],
        };
    }

    private ObjectWriter Row(SelectPlan select, CollectedField field, FieldType definition, Similarity by)
    {
        var type = (SimilarRowType)definition.ResolvedType!.GetNamedType();
        int metres = select.Column(SelectPlan.Row, SimilarSql.Metres);
        int score = select.Column(SelectPlan.Row, SimilarSql.Score);
        ValueWriter Part(CollectedField part) => part.Name switch
        {
            "__typename" => RowPlanner.TypeName(type),
            SimilarRowType.Distance => ColumnWriter.For(typeof(double), metres),
            SimilarRowType.Score => ColumnWriter.For(typeof(double), score),
            _ => rows.Row(select, by.Row, part.SelectionSets),
        };
        return new ObjectWriter(
            [.. collector.Collect(type, field.SelectionSets).Select(part => RowPlanner.Field(part, nonNull: true, Part(part)))]);
    }
}

/// <summary>What is known of a row that is about to be created.</summary>
/// <param name="position">Its location.</param>
/// <param name="group">The name of its group.</param>
/// <param name="text">The text written so far, or null.</param>
internal sealed class SimilarDraft(PositionArgument position, InputNode group, InputNode? text)
{
    /// <summary>Its location.</summary>
    public PositionArgument Position => position;

    /// <summary>The name of its group.</summary>
    public string GroupOf(VariableValues variables) => (string)group.Evaluate(variables)!;

    /// <summary>Its text, empty without any.</summary>
    public string TextOf(VariableValues variables)
    {
        string words = text?.Evaluate(variables) as string ?? "";
        int end = Math.Min(words.Length, Limits.SimilarTextCharsMax);

        // A surrogate pair is not split: PostgreSQL accepts whole characters only.
        return words[..(end > 0 && char.IsHighSurrogate(words[end - 1]) ? end - 1 : end)];
    }
}

/// <summary>The rows similar to one that is about to be created.</summary>
/// <param name="field">Its name and writer.</param>
internal sealed class SimilarToDraftPlan(FieldWriter field) : RootPlan(field)
{
    public required SimilarToDraftBinding Binding { get; init; }

    public required NamedTenant Tenant { get; init; }

    public required SimilarDraft Draft { get; init; }

    public required SimilarArguments Arguments { get; init; }

    /// <summary>True: a draft has somebody's words, and the place where somebody stands.</summary>
    public override bool IsPersonal => true;
}

/// <summary>Whether a group of a given name exists. Without this check an empty list would say that nothing similar was found.</summary>
/// <param name="source">The rows.</param>
/// <param name="unknown">The error when there is none.</param>
internal sealed class GroupStatement(DraftSource source, Func<VariableValues, RequestError> unknown) : StatementPlan
{
    public Func<VariableValues, RequestError> Unknown { get; } = unknown;

    protected override CompiledStatement Compile(StatementBuilder statement) => Finish(statement, () => source.GroupSql(statement));
}

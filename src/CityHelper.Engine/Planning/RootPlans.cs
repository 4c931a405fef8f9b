using CityHelper.Engine.Schema;
using CityHelper.Engine.Schema.Bindings;
using CityHelper.Engine.Writing;

namespace CityHelper.Engine.Planning;

/// <summary>One row by a unique column. Where the row is a tenant that other statements need, its key is looked up first.</summary>
/// <param name="field">Its name and writer.</param>
/// <param name="binding">The column, and the tenant directory.</param>
/// <param name="name">The value of the argument.</param>
internal sealed class UniqueRowPlan(FieldWriter field, UniqueRowBinding binding, InputNode name) : RootPlan(field)
{
    public UniqueRowBinding Binding { get; } = binding;

    public InputNode Name { get; } = name;
}

/// <summary>One row of a tenant, by global id or by another system's key.</summary>
/// <param name="field">Its name and writer.</param>
/// <param name="binding">The row's table.</param>
/// <param name="tenant">The argument that names the tenant, and its value.</param>
/// <param name="id">The global id; null when the row is named by another system's key.</param>
internal sealed class RowOfTenantPlan(FieldWriter field, RowOfTenantBinding binding, NamedTenant tenant, InputNode? id) : RootPlan(field)
{
    public RowOfTenantBinding Binding { get; } = binding;

    public NamedTenant Tenant { get; } = tenant;

    public InputNode? Id { get; } = id;
}

/// <summary>One row of a tenant by global id, which names the tenant too.</summary>
/// <param name="field">Its name and writer.</param>
/// <param name="binding">The row's table.</param>
/// <param name="id">The global id.</param>
internal sealed class RowByIdPlan(FieldWriter field, RowByIdBinding binding, InputNode id) : RootPlan(field)
{
    public RowByIdBinding Binding { get; } = binding;

    public InputNode Id { get; } = id;
}

/// <summary>A root field whose arguments the planner refuses, whatever their values.</summary>
/// <param name="field">Its name and writer.</param>
/// <param name="error">The error that the client receives.</param>
internal sealed class RefusedRootPlan(FieldWriter field, RequestError error) : RootPlan(field)
{
    public RequestError Error { get; } = error;
}

/// <summary>Rows by keys that a loader supplies. It is no root field itself.</summary>
/// <param name="field">The field that requests them.</param>
/// <param name="entity">The rows' table.</param>
internal sealed class RowsByKeyPlan(FieldWriter field, EntityMap entity) : RootPlan(field)
{
    public EntityMap Entity { get; } = entity;

    /// <summary>Whether the rows are tenants, so that each is read alone.</summary>
    public bool IsTenant => Entity.TenantColumn is null;
}

/// <summary><c>node</c> or <c>nodes</c>. The rows and their types are known only when the ids are, so a loader reads them.</summary>
/// <param name="field">Its name and writer.</param>
/// <param name="binding">Which of the two.</param>
/// <param name="ids">The id or the list of ids.</param>
/// <param name="types">The row plan of each node type, by the name of the type.</param>
internal sealed class NodePlan(FieldWriter field, NodeBinding binding, InputNode ids, IReadOnlyDictionary<string, RowsByKeyPlan> types)
    : RootPlan(field)
{
    public NodeBinding Binding { get; } = binding;

    public InputNode Ids { get; } = ids;

    public IReadOnlyDictionary<string, RowsByKeyPlan> Types { get; } = types;

    /// <summary>The statements of the type that needs most. Ids of several types are bounded once they are known.</summary>
    public override int StatementCount => Types.Values.Max(t => t.StatementCount);

    public override bool ShowsLog => Types.Values.Any(type => type.ShowsLog);

    /// <summary>True when any of the types aggregates rows: the types of the ids are not known yet.</summary>
    public override bool IsAggregate => Types.Values.Any(type => type.IsAggregate);
}

/// <summary>A mutation. Its row is read by key after the write, which alone knows the key.</summary>
/// <param name="field">Its response name, and the writer of its payload.</param>
/// <param name="name">Its name in the schema.</param>
/// <param name="binding">Its handler.</param>
/// <param name="input">The value of the input.</param>
/// <param name="typed">Makes the handler's input of the value.</param>
/// <param name="row">What is read of the row; null when nothing of it is selected.</param>
internal sealed class MutationPlan(
    FieldWriter field, string name, MutationBinding binding, InputNode input, TypedInput typed, RowsByKeyPlan? row) : RootPlan(field)
{
    public string Name { get; } = name;

    public MutationBinding Binding { get; } = binding;

    public InputNode Input { get; } = input;

    public TypedInput Typed { get; } = typed;

    public RowsByKeyPlan? Row { get; } = row;

    public override int StatementCount => Row?.StatementCount ?? 0;

    public override bool IsAggregate => Row?.IsAggregate ?? false;
}

/// <summary>The argument that names a root's tenant.</summary>
/// <param name="Argument">The argument.</param>
/// <param name="Value">Its value.</param>
internal sealed record NamedTenant(TenantArgument Argument, InputNode Value);

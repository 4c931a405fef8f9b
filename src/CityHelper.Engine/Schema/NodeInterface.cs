using GraphQL.Types;

namespace CityHelper.Engine.Schema;

/// <summary>The <c>Node</c> of Relay's Global Object Identification: every type with a global id.</summary>
public sealed class NodeInterface : InterfaceGraphType
{
    public NodeInterface()
    {
        Name = "Node";
        Description = "The node interface is implemented by entities that have a global unique identifier.";
        Field<NonNullGraphType<IdGraphType>>("id").Description("The global id.");
    }
}

"""The screens: Streamlit pages for agents, managers and engineers."""
